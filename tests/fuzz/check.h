// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <cstdlib>

//! Ends the program where an invariant does not hold; in every kind of build.
#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            std::fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);     \
            std::abort();                                                                          \
        }                                                                                          \
    } while (false)
