// SPDX-License-Identifier: MIT
#include "session/verdict.h"

#include <algorithm>

namespace pilotlight {

namespace {

constexpr KeepMethod AllMethods[] = {KeepMethod::None, KeepMethod::Ping, KeepMethod::Read,
                                     KeepMethod::Resume, KeepMethod::Log};
constexpr MethodVerdict::Answer AllAnswers[] = {MethodVerdict::Answer::Unknown,
                                                MethodVerdict::Answer::KeepsAlive,
                                                MethodVerdict::Answer::DoesNot};

} // namespace

QString keepMethodName(KeepMethod method)
{
    switch (method) {
    case KeepMethod::None:
        return QStringLiteral("none");
    case KeepMethod::Ping:
        return QStringLiteral("ping");
    case KeepMethod::Read:
        return QStringLiteral("read");
    case KeepMethod::Resume:
        return touchStrategyName(TouchStrategy::ResumeSilent);
    case KeepMethod::Log:
        return touchStrategyName(TouchStrategy::LogEphemeral);
    }
    return {};
}

std::optional<KeepMethod> keepMethodFromName(const QString &name)
{
    for (const KeepMethod method : AllMethods) {
        if (keepMethodName(method) == name)
            return method;
    }
    return std::nullopt;
}

std::optional<TouchStrategy> touchStrategyOf(KeepMethod method)
{
    switch (method) {
    case KeepMethod::Resume:
        return TouchStrategy::ResumeSilent;
    case KeepMethod::Log:
        return TouchStrategy::LogEphemeral;
    case KeepMethod::None:
    case KeepMethod::Ping:
    case KeepMethod::Read:
        break;
    }
    return std::nullopt;
}

QString answerName(MethodVerdict::Answer answer)
{
    switch (answer) {
    case MethodVerdict::Answer::Unknown:
        return QStringLiteral("unknown");
    case MethodVerdict::Answer::KeepsAlive:
        return QStringLiteral("keeps-alive");
    case MethodVerdict::Answer::DoesNot:
        return QStringLiteral("does-not");
    }
    return {};
}

std::optional<MethodVerdict::Answer> answerFromName(const QString &name)
{
    for (const MethodVerdict::Answer answer : AllAnswers) {
        if (answerName(answer) == name)
            return answer;
    }
    return std::nullopt;
}

const MethodVerdict *ServerVerdict::find(KeepMethod method) const
{
    const auto it = std::find_if(methods.cbegin(), methods.cend(),
                                 [&](const MethodVerdict &v) { return v.method == method; });
    return it == methods.cend() ? nullptr : &*it;
}

std::optional<Milliseconds> ServerVerdict::idleLimit() const
{
    // Reads are looked at more often than the untouched session, which is left alone until they are
    // known not to count.
    std::optional<Milliseconds> least;
    for (const KeepMethod method : {KeepMethod::None, KeepMethod::Ping, KeepMethod::Read}) {
        const MethodVerdict *verdict = find(method);
        if (verdict && verdict->died && (!least || *verdict->died < *least))
            least = verdict->died;
    }
    return least;
}

QList<TouchStrategy> ServerVerdict::refuted() const
{
    QList<TouchStrategy> strategies;
    for (const MethodVerdict &verdict : methods) {
        const auto strategy = touchStrategyOf(verdict.method);
        if (strategy && verdict.answer == MethodVerdict::Answer::DoesNot)
            strategies.append(*strategy);
    }
    return strategies;
}

bool ServerVerdict::isDecided() const
{
    return std::any_of(methods.cbegin(), methods.cend(), [](const MethodVerdict &v) {
        return v.answer != MethodVerdict::Answer::Unknown;
    });
}

} // namespace pilotlight
