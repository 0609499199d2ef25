// SPDX-License-Identifier: MIT
#include "agent/eventids.h"

#include <QHash>

namespace pilotlight {

namespace {

//! The value of a hexadecimal digit, or 255.
constexpr std::array<quint8, 256> makeHexTable()
{
    std::array<quint8, 256> table{};
    for (auto &entry : table)
        entry = 255;
    for (unsigned digit = 0; digit < 10; ++digit)
        table['0' + digit] = static_cast<quint8>(digit);
    for (unsigned digit = 0; digit < 6; ++digit) {
        table['a' + digit] = static_cast<quint8>(10 + digit);
        table['A' + digit] = static_cast<quint8>(10 + digit);
    }
    return table;
}

constexpr std::array<quint8, 256> HexTable = makeHexTable();

} // namespace

RecentIds::Key RecentIds::keyOf(const QByteArray &id)
{
    // A UUID is its own key, without loss.
    if (id.size() == 36) {
        Key key;
        unsigned bad = 0;
        int digits = 0;
        const auto *text = reinterpret_cast<const unsigned char *>(id.constData());
        for (int i = 0; i < 36; ++i) {
            if (i == 8 || i == 13 || i == 18 || i == 23) {
                bad |= text[i] == '-' ? 0U : 128U;
                continue;
            }
            const quint8 value = HexTable[text[i]];
            bad |= value;
            quint64 &half = digits++ < 16 ? key.high : key.low;
            half = half << 4 | (value & 15U);
        }
        if ((bad & 128U) == 0 && !key.isNull())
            return key;
    }
    // Anything else: two independent hashes; the constants only have to differ.
    Key key{qHash(id, 0x9e3779b9U), qHash(id, 0x85ebca6bU)};
    if (key.isNull())
        key.low = 1;
    return key;
}

bool RecentIds::Table::contains(Key key) const
{
    if (used == 0)
        return false;
    const std::size_t mask = slots_.size() - 1;
    // The low half of a random UUID is as good as a hash.
    for (std::size_t slot = (key.low ^ key.high >> 32) & mask;; slot = (slot + 1) & mask) {
        if (slots_[slot].isNull())
            return false;
        if (slots_[slot] == key)
            return true;
    }
}

void RecentIds::Table::insert(Key key)
{
    if (2 * (used + 1) > slots_.size())
        grow();
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = (key.low ^ key.high >> 32) & mask;
    while (!slots_[slot].isNull())
        slot = (slot + 1) & mask;
    slots_[slot] = key;
    ++used;
}

void RecentIds::Table::grow()
{
    std::vector<Key> old(slots_.empty() ? 64 : slots_.size() * 2);
    old.swap(slots_);
    used = 0;
    for (const Key key : old) {
        if (!key.isNull())
            insert(key);
    }
}

bool RecentIds::insert(const QByteArray &id)
{
    if (id.isEmpty())
        return true;
    const Key key = keyOf(id);
    if (m_current.contains(key) || m_previous.contains(key))
        return false;
    if (m_current.used >= m_capacity) {
        m_previous = std::move(m_current);
        m_current = {};
    }
    m_current.insert(key);
    return true;
}

void RecentIds::clear()
{
    m_current = {};
    m_previous = {};
}

} // namespace pilotlight
