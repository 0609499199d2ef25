// SPDX-License-Identifier: MIT
#include "base/random.h"

#include <QRandomGenerator>

namespace pilotlight {

double Random::unit()
{
    return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

Milliseconds Random::between(Milliseconds low, Milliseconds high)
{
    if (high <= low)
        return low;
    const auto span = static_cast<double>((high - low).count() + 1);
    return low + Milliseconds(static_cast<Milliseconds::rep>(unit() * span));
}

QByteArray Random::hex(int count)
{
    QByteArray bytes;
    bytes.reserve(count + 7);
    while (bytes.size() < count) {
        const quint64 word = next();
        bytes.append(reinterpret_cast<const char *>(&word), sizeof word);
    }
    bytes.truncate(count);
    return bytes.toHex();
}

quint64 SystemRandom::next()
{
    return QRandomGenerator::system()->generate64();
}

} // namespace pilotlight
