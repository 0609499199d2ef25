// SPDX-License-Identifier: MIT
// A little program of calls, answers, time, messages and ends; every call must be answered exactly
// once.
#include "check.h"
#include "rpc/peer.h"
#include "support/fakeclock.h"
#include "support/faketransport.h"

#include <QCoreApplication>
#include <QLoggingCategory>

#include <cstdint>
#include <vector>

using namespace pilotlight;

namespace {

//! Reads the input as a program.
class Script
{
public:
    Script(const std::uint8_t *data, std::size_t size)
        : m_data(data)
        , m_size(size)
    { }
    bool atEnd() const { return m_at >= m_size; }
    unsigned byte() { return atEnd() ? 0u : m_data[m_at++]; }
    //! Up to the next NUL.
    QByteArray text()
    {
        const std::size_t start = m_at;
        while (!atEnd() && m_data[m_at] != 0)
            ++m_at;
        const QByteArray result(reinterpret_cast<const char *>(m_data) + start,
                                static_cast<qsizetype>(m_at - start));
        if (!atEnd())
            ++m_at;
        return result;
    }

private:
    const std::uint8_t *m_data;
    std::size_t m_size;
    std::size_t m_at = 0;
};

class World
{
public:
    explicit World(Script &script)
        : m_script(script)
    {
        auto transport = std::make_unique<FakeTransport>();
        m_transport = transport.get();
        m_peer = std::make_unique<Peer>(std::move(transport), m_clock);
        m_peer->setNotificationHandler([this](std::string_view method, RawJson params) {
            FUZZ_CHECK(method.size() < 1'000'000);
            (void)params.toObject();
            react();
        });
        m_transport->open();
        m_transport->acceptOpen();
    }

    void run()
    {
        while (m_peer && !m_script.atEnd() && m_steps++ < 400)
            step();
        m_peer.reset();
        QCoreApplication::sendPostedEvents();
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
        for (const int count : m_answers)
            FUZZ_CHECK(count == 1);
        FUZZ_CHECK(m_clock.liveTimers() == 0);
        for (const CallHandle &handle : m_handles)
            FUZZ_CHECK(!handle.isPending());
    }

private:
    void step()
    {
        // Letters, so that a corpus can be written by hand.
        switch (m_script.byte()) {
        case 'c':
            call(Milliseconds(m_script.byte()));
            break;
        case 'x':
            cancel(m_script.byte());
            break;
        case 't':
            m_clock.advance(Milliseconds(m_script.byte()));
            break;
        case 'm':
            m_transport->inject(m_script.text());
            break;
        case 'a': {
            const QByteArray id = QByteArray::number(m_script.byte() % 16);
            m_transport->inject("{\"jsonrpc\":\"2.0\",\"id\":" + id
                                + ",\"result\":" + m_script.text() + "}");
            break;
        }
        case 'r':
            m_reaction = m_script.byte();
            break;
        case 'q':
            m_peer->setRequestHandler([this](const RpcId &id, const QString &, RawJson) {
                m_peer->respond(id, 1);
                react();
            });
            break;
        case 'n':
            m_peer->notify(QStringLiteral("n"), {});
            break;
        case 'd':
            m_transport->drop();
            break;
        case 'k':
            m_peer->close();
            break;
        default:
            break;
        }
    }

    void call(Milliseconds timeout)
    {
        if (!m_peer || m_answers.size() > 100)
            return;
        const std::size_t index = m_answers.size();
        m_answers.push_back(0);
        m_handles.emplace_back();
        const CallHandle handle = m_peer->call(QStringLiteral("c"), {}, {timeout}, nullptr,
                                               [this, index](Result<RawJson> result) {
                                                   ++m_answers[index];
                                                   if (result)
                                                       (void)result->toValue();
                                                   react();
                                               });
        m_handles[index] = handle;
    }

    void cancel(unsigned which)
    {
        if (!m_handles.empty()) {
            CallHandle handle = m_handles[which % m_handles.size()];
            handle.cancel();
        }
    }

    //! What a handler does in the middle of it all, as the script last said.
    void react()
    {
        const unsigned what = std::exchange(m_reaction, 0u);
        if (what == 'c')
            call(Milliseconds(0));
        else if (what == 'x')
            cancel(0);
        else if (what == 'k' && m_peer)
            m_peer->close();
        else if (what == 'z')
            m_peer.reset();
    }

    Script &m_script;
    FakeClock m_clock;
    FakeTransport *m_transport = nullptr;
    std::unique_ptr<Peer> m_peer;
    std::vector<int> m_answers;
    std::vector<CallHandle> m_handles;
    unsigned m_reaction = 0;
    int m_steps = 0;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    static int argc = 1;
    static char name[] = "fuzz_peer";
    static char *argv[] = {name, nullptr};
    static QCoreApplication *app = [] {
        QLoggingCategory::setFilterRules(QStringLiteral("*=false"));
        return new QCoreApplication(argc, argv); // lives as long as the program
    }();
    (void)app;
    Script script(data, size);
    World(script).run();
    return 0;
}
