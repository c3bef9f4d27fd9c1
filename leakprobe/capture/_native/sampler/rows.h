/* Adding up samples by stack, route and epoch: plain C, which needs no GIL. */

#ifndef LEAKPROBE_SAMPLER_ROWS_H
#define LEAKPROBE_SAMPLER_ROWS_H

#include <stddef.h>
#include <stdint.h>

/* A sample as it was when it was copied. */
struct reading {
    uint64_t address, size;
    double weight;
    uint32_t stack;
    int32_t route;
    uint32_t epoch;
};

struct row {
    double bytes, objects, bytes_variance;
    uint32_t stack;
    int32_t route;
    uint32_t epoch;
    uint32_t samples;
};

/* The rows of these readings in memory of their own, to be freed; NULL: no memory. */
struct row *rows_add_up(const struct reading *readings, size_t count, size_t *rows);

#endif
