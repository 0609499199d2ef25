// SPDX-License-Identifier: MIT
#include "profile/ziparchive.h"

#include "base/keptfile.h"

#include <QSaveFile>
#include <QtEndian>

#include <zlib.h>

#include <limits>

namespace pilotlight {

namespace {

// Section numbers are those of APPNOTE 6.3.
constexpr quint32 LocalHeader = 0x04034b50; // 4.3.7
constexpr quint32 CentralHeader = 0x02014b50; // 4.3.12
constexpr quint32 EndRecord = 0x06054b50; // 4.3.16
constexpr quint16 VersionNeeded = 20; // 4.4.3: deflate
constexpr quint16 MadeBy = (3 << 8) | VersionNeeded; // 4.4.2: Unix, so that the mode counts
constexpr quint16 Utf8Names = 1 << 11; // 4.4.4
constexpr quint16 Deflated = 8; // 4.4.5
constexpr quint32 RegularFileMode0600 = 0100600u << 16;

template <typename Integer>
void put(QByteArray &bytes, Integer value)
{
    const Integer little = qToLittleEndian(value);
    bytes.append(reinterpret_cast<const char *>(&little), sizeof little);
}

//! \a bytes as a bare deflate stream. Nothing where zlib refused (no memory).
std::optional<QByteArray> deflated(const QByteArray &bytes)
{
    z_stream stream{};
    // Negative: without zlib's own header (zlib.h, deflateInit2).
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY)
        != Z_OK)
        return std::nullopt;
    QByteArray result(
        static_cast<qsizetype>(deflateBound(&stream, static_cast<uLong>(bytes.size()))),
        Qt::Uninitialized);
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.constData()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef *>(result.data());
    stream.avail_out = static_cast<uInt>(result.size());
    const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    result.truncate(result.size() - static_cast<qsizetype>(stream.avail_out));
    deflateEnd(&stream);
    return done ? std::optional(result) : std::nullopt;
}

} // namespace

QByteArray zipArchive(const QList<ArchiveFile> &files, const QDateTime &now)
{
    // 4.4.6: MS-DOS's local time, in steps of two seconds, from 1980 on.
    const QDateTime local = now.toLocalTime();
    const QDate date = local.date().year() < 1980 ? QDate(1980, 1, 1) : local.date();
    const QTime time = local.time();
    const auto dosTime =
        static_cast<quint16>(time.hour() << 11 | time.minute() << 5 | time.second() / 2);
    const auto dosDate =
        static_cast<quint16>((date.year() - 1980) << 9 | date.month() << 5 | date.day());

    QByteArray archive;
    QByteArray directory;
    for (const ArchiveFile &file : files) {
        const QByteArray name = file.name.toUtf8();
        const auto packed = deflated(file.bytes);
        if (!packed || name.size() > std::numeric_limits<quint16>::max()
            || archive.size() + packed->size() > std::numeric_limits<qint32>::max()
            || file.bytes.size() > std::numeric_limits<qint32>::max())
            return {};
        const auto offset = static_cast<quint32>(archive.size());
        const auto checksum =
            static_cast<quint32>(crc32(0, reinterpret_cast<const Bytef *>(file.bytes.constData()),
                                       static_cast<uInt>(file.bytes.size())));
        const auto common = [&](QByteArray &into) {
            put(into, VersionNeeded);
            put(into, Utf8Names);
            put(into, Deflated);
            put(into, dosTime);
            put(into, dosDate);
            put(into, checksum);
            put(into, static_cast<quint32>(packed->size()));
            put(into, static_cast<quint32>(file.bytes.size()));
            put(into, static_cast<quint16>(name.size()));
            put(into, quint16(0)); // no extra field
        };
        put(archive, LocalHeader);
        common(archive);
        archive += name;
        archive += *packed;
        put(directory, CentralHeader);
        put(directory, MadeBy);
        common(directory);
        put(directory, quint16(0)); // no comment
        put(directory, quint16(0)); // first disk
        put(directory, quint16(0)); // internal attributes
        put(directory, RegularFileMode0600);
        put(directory, offset);
        directory += name;
    }
    if (files.size() > std::numeric_limits<quint16>::max())
        return {};
    const auto start = static_cast<quint32>(archive.size());
    archive += directory;
    put(archive, EndRecord);
    put(archive, quint16(0)); // this disk, and the one of the directory
    put(archive, quint16(0));
    put(archive, static_cast<quint16>(files.size()));
    put(archive, static_cast<quint16>(files.size()));
    put(archive, static_cast<quint32>(directory.size()));
    put(archive, start);
    put(archive, quint16(0)); // no comment
    return archive;
}

Result<void> writeZip(const QString &path, const QList<ArchiveFile> &files, const QDateTime &now)
{
    const QByteArray bytes = zipArchive(files, now);
    if (bytes.isEmpty())
        return failure(ErrorCode::StorageFailed, QStringLiteral("too much for one archive"));
    QSaveFile file(path);
    if (!file.open(QFile::WriteOnly) || !file.setPermissions(PrivateFile)
        || file.write(bytes) != bytes.size() || !commitWhole(file))
        return failure(ErrorCode::StorageFailed, file.errorString());
    return {};
}

} // namespace pilotlight
