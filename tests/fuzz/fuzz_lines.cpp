// SPDX-License-Identifier: MIT
// The first byte says how the rest is cut; however it is cut, the same lines must come out.
#include "check.h"
#include "transport/framing.h"
#include "transport/transport.h"

#include <cstdint>
#include <string>
#include <vector>

using namespace pilotlight;
using Step = LineFramer::Step;

namespace {

struct Outcome
{
    std::vector<std::string> lines;
    quint64 skipped = 0;
    bool broken = false;
    bool operator==(const Outcome &) const = default;
};

Outcome run(std::string_view bytes, std::size_t piece)
{
    Outcome outcome;
    LineFramer framer(512);
    while (!bytes.empty() && !outcome.broken) {
        const auto count = std::min(piece, bytes.size());
        framer.feed(bytes.substr(0, count));
        bytes.remove_prefix(count);
        std::string_view line;
        for (;;) {
            const Step step = framer.next(line);
            if (step == Step::NeedMore)
                break;
            if (step == Step::Broken) {
                FUZZ_CHECK(framer.error().code == ErrorCode::FrameTooLarge);
                FUZZ_CHECK(framer.next(line) == Step::Broken);
                outcome.broken = true;
                break;
            }
            FUZZ_CHECK(line.size() >= 2 && line.front() == '{' && line.back() == '}');
            FUZZ_CHECK(line.find('\n') == std::string_view::npos);
            volatile char last = *(line.data() + line.size() + MessagePadding - 1);
            (void)last;
            outcome.lines.emplace_back(line);
        }
    }
    outcome.skipped = framer.skippedLines();
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
