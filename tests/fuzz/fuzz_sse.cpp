// SPDX-License-Identifier: MIT
// The first byte says how the rest is cut; however it is cut, the same events must come out.
#include "check.h"
#include "transport/sseparser.h"
#include "transport/transport.h"

#include <cstdint>
#include <string>
#include <vector>

using namespace pilotlight;
using Step = SseParser::Step;

namespace {

struct Outcome
{
    std::vector<std::string> events;
    std::string id;
    std::optional<Milliseconds> retry;
    quint64 comments = 0;
    bool broken = false;
    bool operator==(const Outcome &) const = default;
};

Outcome run(std::string_view bytes, std::size_t piece)
{
    Outcome outcome;
    SseParser parser(512);
    while (!bytes.empty() && !outcome.broken) {
        const auto count = std::min(piece, bytes.size());
        parser.feed(bytes.substr(0, count));
        bytes.remove_prefix(count);
        std::string_view data;
        for (;;) {
            const Step step = parser.next(data);
            if (step == Step::NeedMore)
                break;
            if (step == Step::Broken) {
                FUZZ_CHECK(parser.error().code == ErrorCode::FrameTooLarge);
                FUZZ_CHECK(parser.next(data) == Step::Broken);
                outcome.broken = true;
                break;
            }
            FUZZ_CHECK(!data.empty() && data.size() <= 512);
            volatile char last = *(data.data() + data.size() + MessagePadding - 1);
            (void)last;
            outcome.events.emplace_back(data);
        }
    }
    outcome.id = parser.lastEventId().toStdString();
    outcome.retry = parser.retry();
    outcome.comments = parser.comments();
    if (outcome.retry)
        FUZZ_CHECK(outcome.retry->count() >= 0 && outcome.retry->count() <= 3'600'000);
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
