/* The clock that durations are measured with. */

#ifndef LEAKPROBE_CLOCK_H
#define LEAKPROBE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds on CLOCK_MONOTONIC (clock_gettime(2)), which cannot fail for this clock. */
static inline uint64_t
now_ns(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif
