// SPDX-License-Identifier: MIT
#pragma once

#include "agent/events.h"
#include "base/clock.h"

#include <QByteArrayView>
#include <QHash>
#include <QList>
#include <QObject>
#include <QSet>

#include <map>
#include <optional>

namespace pilotlight {

//! What is kept of one conversation: lines in the order in which we saw things happen. Cheap to
//! have; only lines that are asked for are read in full.
class KeptTranscript
{
public:
    struct Line
    {
        enum class Kind
        {
            Durable, //!< an event that the server's history has, too
            Ephemeral, //!< an event that only we have
            Text, //!< a piece of a message or of reasoning that was streamed
            Note, //!< ours
        };
        Kind kind = Kind::Durable;
        QByteArray id; //!< of the event; of Text that of the last delta in it
        qsizetype begin = 0; //!< of the line, in bytes
        qsizetype length = 0;
    };

    //! Any bytes; lines that make no sense are counted and left out, a last line without an end is
    //! dropped.
    static KeptTranscript parse(QByteArray bytes);

    const QList<Line> &lines() const { return m_lines; }
    bool isEmpty() const { return m_lines.isEmpty(); }
    int damaged() const { return m_damaged; }
    bool isNewer() const { return m_newer; } //!< of a later version of ours: not understood
    //! The event; text as one delta, a note as HistoryNote. Null where it cannot be read.
    std::optional<AgentEvent> event(qsizetype line) const;
    //! All of them; \a unreadable counts those that could not be read.
    QList<AgentEvent> events(int *unreadable = nullptr) const;
    //! The line as it was written, without its end.
    QByteArrayView bytes(qsizetype line) const;

private:
    QByteArray m_bytes;
    QList<Line> m_lines;
    int m_damaged = 0;
    bool m_newer = false;
};

//! Copies of the conversations, so that they can be read while the server is away and nothing that
//! the user has read goes when a server loses it: `<folder>/<session>.jsonl`, mode 0600, a header
//! line, then a line a thing in the order in which it came. Appended once a second, not synced: a
//! loss of power costs what the server's history has anyway.
//! One process at a time may write to a folder.
class TranscriptStore : public QObject
{
    Q_OBJECT
public:
    //! An empty \a folder keeps all of it in memory. \a clock must outlive it.
    TranscriptStore(QString folder, Clock &clock, QObject *parent = nullptr);
    //! Flushes.
    ~TranscriptStore() override;

    KeptTranscript load(const QString &sessionId);
    //! What the file says, in full, for reading without a server.
    QList<AgentEvent> read(const QString &sessionId);
    //! Adds an event. Those that leave nothing (EventMeta::raw is empty) are ignored, but for
    //! streamed text, which is collected.
    void append(const QString &sessionId, const AgentEvent &event);
    //! Writes the whole conversation anew.
    void replace(const QString &sessionId, const QList<AgentEvent> &events);
    //! True where something could not be written: replace() it when there is an occasion.
    bool isBehind(const QString &sessionId) const { return m_behind.contains(sessionId); }
    void remove(const QString &sessionId);
    //! Writes what waits. False where that failed (and noticed() was emitted, once).
    bool flush();

Q_SIGNALS:
    //! Something that people must know: code "transcript-damaged" (path: the kept copy),
    //! "transcript-newer" (left alone), "transcript-unreadable", "transcript-unwritable".
    void noticed(const QString &code, const QString &path, const QString &detail);

private:
    //! Streamed text that is not on a line yet.
    struct Text
    {
        bool reasoning = false;
        QString id;
        QString agentId;
        QByteArray lastDelta;
        QDateTime time;
        QString text;
    };
    struct Waiting
    {
        QByteArray lines;
        QList<Text> texts;
    };

    QString pathOf(const QString &sessionId) const;
    QByteArray readFile(const QString &sessionId);
    static bool add(Waiting &waiting, const AgentEvent &event);
    static void addText(Waiting &waiting, const AgentEvent &event);
    static void endTexts(Waiting &waiting);
    static QByteArray textLine(const Text &text);
    static QByteArray line(const AgentEvent &event);
    bool write(const QString &sessionId, const QByteArray &lines);
    void keepDamaged(const QString &sessionId, int count);
    void tell(const char *code, const QString &path, const QString &detail);

    const QString m_folder;
    Clock &m_clock;
    std::map<QString, Waiting> m_waiting; //!< by session
    QHash<QString, QByteArray> m_memory; //!< in place of files
    QSet<QString> m_checked; //!< sessions whose file ends with a whole line
    QSet<QString> m_behind;
    QSet<QString> m_leftAlone; //!< of a newer version, or unreadable
    bool m_failing = false;
    TimerHandle m_timer;
};

} // namespace pilotlight
