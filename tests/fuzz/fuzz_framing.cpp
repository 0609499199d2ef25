// SPDX-License-Identifier: MIT
// The first byte says how the rest is cut; however it is cut, the same messages must come out.
#include "check.h"
#include "transport/framing.h"
#include "transport/transport.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

using namespace pilotlight;
using Step = ContentLengthFramer::Step;

namespace {

struct Outcome
{
    std::vector<std::string> frames;
    bool broken = false;
    ErrorCode code = ErrorCode::Internal;
    bool partial = false;
    bool operator==(const Outcome &) const = default;
};

Outcome run(std::string_view bytes, std::size_t piece)
{
    Outcome outcome;
    ContentLengthFramer framer;
    while (!bytes.empty() && !outcome.broken) {
        const auto count = std::min(piece, bytes.size());
        const auto room = framer.reserve(count);
        FUZZ_CHECK(room.size() >= count);
        std::memcpy(room.data(), bytes.data(), count);
        framer.commit(count);
        bytes.remove_prefix(count);
        std::string_view frame;
        for (;;) {
            const Step step = framer.next(frame);
            if (step == Step::NeedMore)
                break;
            if (step == Step::Broken) {
                FUZZ_CHECK(framer.error().code == ErrorCode::ProtocolViolation
                           || framer.error().code == ErrorCode::FrameTooLarge);
                FUZZ_CHECK(framer.next(frame) == Step::Broken);
                outcome.broken = true;
                outcome.code = framer.error().code;
                break;
            }
            volatile char last = *(frame.data() + frame.size() + MessagePadding - 1);
            (void)last;
            outcome.frames.emplace_back(frame);
        }
    }
    outcome.partial = !outcome.broken && framer.hasPartial();
    FUZZ_CHECK(framer.capacity() <= (std::size_t(1) << 22));
    return outcome;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size == 0)
        return 0;
    const std::string_view bytes(reinterpret_cast<const char *>(data) + 1, size - 1);
    const Outcome whole = run(bytes, std::max<std::size_t>(bytes.size(), 1));
    const Outcome cut = run(bytes, std::size_t(data[0]) % 40 + 1);
    FUZZ_CHECK(whole == cut);
    return 0;
}
