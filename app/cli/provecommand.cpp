// SPDX-License-Identifier: MIT
#include "app/cli/ctl.h"

namespace pilotlight {

namespace {

using namespace Qt::Literals::StringLiterals;

//! "5 min 2 s", "30 s".
QString spanText(Milliseconds span)
{
    const qint64 seconds = (span.count() + 500) / 1000;
    const QString rest = u"%1 s"_s.arg(seconds % 60);
    return seconds < 60 ? rest : u"%1 min "_s.arg(seconds / 60) + rest;
}

//! What people call a method.
QString words(KeepMethod method)
{
    switch (method) {
    case KeepMethod::None:
        return u"nothing"_s;
    case KeepMethod::Ping:
        return u"ping"_s;
    case KeepMethod::Read:
        return u"reading"_s;
    case KeepMethod::Resume:
        return u"session.resume"_s;
    case KeepMethod::Log:
        return u"session.log"_s;
    }
    return {};
}

//! "1.0.102: ping does not keep sessions alive; session.log does; 5 min 2 s"
QString sentence(const ServerVerdict &verdict)
{
    QStringList parts;
    for (const KeepMethod method :
         {KeepMethod::Ping, KeepMethod::Read, KeepMethod::Log, KeepMethod::Resume}) {
        const MethodVerdict *seen = verdict.find(method);
        if (!seen || seen->answer == MethodVerdict::Answer::Unknown)
            continue;
        const bool keeps = seen->answer == MethodVerdict::Answer::KeepsAlive;
        const QString verb = keeps ? u"does"_s : u"does not"_s;
        parts.append(
            parts.isEmpty() ? words(method)
                    + (keeps ? u" keeps sessions alive"_s : u" does not keep sessions alive"_s)
                            : words(method) + u' ' + verb);
    }
    if (parts.isEmpty()) {
        return u"%1: no session died within %2: this server does not drop idle sessions, or later"_s
            .arg(verdict.version, spanText(verdict.took));
    }
    if (const auto limit = verdict.idleLimit())
        parts.append(spanText(*limit));
    return verdict.version + u": "_s + parts.join(u"; "_s);
}

QString endName(Prover::End end)
{
    switch (end) {
    case Prover::End::Decided:
        return u"decided"_s;
    case Prover::End::LimitReached:
        return u"limit"_s;
    case Prover::End::Cancelled:
        return u"cancelled"_s;
    case Prover::End::ConnectionLost:
        return u"connection-lost"_s;
    case Prover::End::CreateFailed:
        return u"create-failed"_s;
    }
    return {};
}

} // namespace

void Ctl::runProve()
{
    ProverOptions options;
    options.limit = m_options.proofLimit;
    options.interval = m_options.proofInterval;
    m_prover = m_context.makeProof(options);
    if (!m_prover) {
        fail(ExitFailed, u"not connected to an agent server"_s);
        return;
    }
    connect(m_prover, &Prover::progressed, this, [this] {
        const ServerVerdict now = m_prover->verdict();
        for (const MethodVerdict &seen : now.methods) {
            if (!seen.died || m_announcedDeaths.contains(seen.method))
                continue;
            m_announcedDeaths.insert(seen.method);
            m_output.event(u"canary"_s,
                           {{u"method"_s, keepMethodName(seen.method)},
                            {u"state"_s, u"dead"_s},
                            {u"afterMs"_s, qint64(seen.died->count())}},
                           u"the session that got %1 died after %2"_s.arg(words(seen.method),
                                                                          spanText(*seen.died)));
        }
    });
    connect(m_prover, &Prover::finished, this, &Ctl::onProved);
    if (m_context.sessions().idleLimit(m_context.connection().config().id).neverExpires()) {
        m_output.notice(u"warning"_s,
                        u"this server was started without an idle limit: nothing may be seen"_s);
    }
    m_output.notice(
        u"info"_s,
        u"five sessions without a prompt; a request for each every %1, for %2 at most"_s.arg(
            spanText(m_prover->interval()), spanText(options.limit)));
    m_prover->start();
}

void Ctl::onProved(Prover::End end, const ServerVerdict &verdict)
{
    for (const MethodVerdict &seen : verdict.methods) {
        QJsonObject fields{{u"version"_s, verdict.version},
                           {u"method"_s, keepMethodName(seen.method)},
                           {u"answer"_s, answerName(seen.answer)},
                           {u"requests"_s, seen.requests},
                           {u"aliveMs"_s, qint64(seen.alive.count())}};
        if (!seen.code.isEmpty())
            fields.insert(u"code"_s, seen.code);
        if (seen.died)
            fields.insert(u"diedMs"_s, qint64(seen.died->count()));
        m_output.event(u"verdict"_s, fields);
    }
    const bool told = end == Prover::End::Decided || end == Prover::End::LimitReached;
    QJsonObject fields{{u"version"_s, verdict.version},
                       {u"end"_s, endName(end)},
                       {u"tookMs"_s, qint64(verdict.took.count())}};
    if (told)
        fields.insert(u"text"_s, sentence(verdict));
    if (const auto limit = verdict.idleLimit())
        fields.insert(u"idleLimitMs"_s, qint64(limit->count()));
    m_output.event(u"proof"_s, fields);
    if (told)
        m_output.line(sentence(verdict));
    switch (end) {
    case Prover::End::Decided:
        finish(ExitOk);
        return;
    case Prover::End::LimitReached:
        finish(verdict.isDecided() ? ExitOk : ExitUndecided);
        return;
    case Prover::End::Cancelled:
        finish(128 + m_signal);
        return;
    case Prover::End::ConnectionLost:
        fail(ExitFailed, u"the connection ended"_s);
        return;
    case Prover::End::CreateFailed:
        fail(ExitFailed, u"no session could be made: "_s + m_prover->error().toString());
        return;
    }
}

} // namespace pilotlight
