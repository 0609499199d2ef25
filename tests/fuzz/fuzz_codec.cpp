// SPDX-License-Identifier: MIT
// One message into the decoder; what comes out must lie inside the input and make sense.
#include "check.h"
#include "rpc/codec.h"
#include "transport/transport.h"

#include <cstdint>
#include <cstring>
#include <memory>

using namespace pilotlight;
using Kind = RpcMessage::Kind;

namespace {

//! On the heap with exactly the promised padding, so that ASan sees any read behind it.
struct Padded
{
    explicit Padded(std::string_view text)
        : size(text.size())
        , bytes(std::make_unique<char[]>(text.size() + MessagePadding))
    {
        if (size > 0)
            std::memcpy(bytes.get(), text.data(), size);
        // Not blank: what stands behind a message is the next one.
        std::memset(bytes.get() + size, '{', MessagePadding);
    }
    std::string_view view() const { return {bytes.get(), size}; }
    bool contains(std::string_view part) const
    {
        return part.data() >= bytes.get() && part.data() + part.size() <= bytes.get() + size;
    }
    std::size_t size;
    std::unique_ptr<char[]> bytes;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const Padded input({reinterpret_cast<const char *>(data), size});
    Decoder decoder;
    const RpcMessage message = decoder.decode(input.view());
    const bool hasId = !std::holds_alternative<std::monostate>(message.id);
    switch (message.kind) {
    case Kind::Request:
        FUZZ_CHECK(hasId && !message.error);
        break;
    case Kind::Notification:
        FUZZ_CHECK(!hasId && !message.error);
        break;
    case Kind::Response:
        FUZZ_CHECK(message.method.empty());
        FUZZ_CHECK(message.error || !message.payload.isEmpty());
        break;
    case Kind::Invalid:
        FUZZ_CHECK(message.problem == ErrorCode::InvalidJson
                   || message.problem == ErrorCode::ProtocolViolation);
        FUZZ_CHECK(!message.detail.isEmpty());
        break;
    }
    if (!message.payload.isEmpty()) {
        FUZZ_CHECK(input.contains(message.payload.text));
        (void)message.payload.toValue();
    }
    if (!message.method.empty() && message.unescapedMethod.isEmpty())
        FUZZ_CHECK(input.contains(message.method));
    if (message.kind == Kind::Request) {
        // What we answer with this id must be readable and carry the same id.
        const QByteArray answer = encodeResult(message.id, QJsonValue::Null);
        const Padded again({answer.constData(), static_cast<std::size_t>(answer.size())});
        const RpcMessage echoed = decoder.decode(again.view());
        FUZZ_CHECK(echoed.kind == Kind::Response && echoed.id == message.id);
    }
    // Whatever it was, the decoder goes on.
    const Padded good("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{}}");
    const RpcMessage next = decoder.decode(good.view());
    FUZZ_CHECK(next.kind == Kind::Notification && next.method == "m" && next.payload.text == "{}");
    return 0;
}
