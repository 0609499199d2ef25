// SPDX-License-Identifier: MIT
#pragma once

#include "transport/framing.h"
#include "transport/transport.h"

#include <memory>

namespace pilotlight {

//! Content-Length framing over file descriptors of our own process: what a server started with
//! --stdio speaks. The end of the input closes the connection. Nothing else may write to the
//! output.
class StdioTransport final : public Transport
{
    Q_OBJECT
public:
    //! \a input and \a output stay the caller's; they are not closed. The standard ones by default.
    explicit StdioTransport(int input = 0, int output = 1, QObject *parent = nullptr);
    ~StdioTransport() override;

    QString description() const override { return QStringLiteral("stdio:"); }
    bool isRemote() const override { return false; }
    void open() override;
    void send(const QByteArray &message) override;
    void close() override;
    bool isOpen() const override { return m_state == State::Open; }

private:
    enum class State
    {
        New,
        Opening,
        Open,
        Closed
    };
    class Channel; // the platform's way to read and write without blocking the event loop

    void onBytes(std::string_view bytes);
    void onEnd(const QString &why);
    void fail(Error reason);

    State m_state = State::New;
    int m_input;
    int m_output;
    std::unique_ptr<Channel> m_channel;
    ContentLengthFramer m_framer;
};

} // namespace pilotlight
