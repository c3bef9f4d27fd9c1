/* The objects that sampled blocks belong to. */
#ifndef LEAKPROBE_HEAP_SAMPLED_H
#define LEAKPROBE_HEAP_SAMPLED_H

#include "groups.h"
#include "join.h"

struct sampled {
    struct groups *groups;
    struct rows rows;  /* of the section JOIN */
};

/* Finds and groups them, and wants their paths. */
void find_sampled(struct answers *answers, struct ways *ways, struct sampled *sampled);

/* The sections JOIN and GROUPS; after write_paths. */
void write_sampled(const struct answers *answers, struct sampled *sampled);

#endif
