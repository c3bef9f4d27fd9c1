/* The table of live samples, found by the address of their block. */

#ifndef LEAKPROBE_SAMPLER_SAMPLES_H
#define LEAKPROBE_SAMPLER_SAMPLES_H

#include "stacks.h"
#include "tags.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sample {
    void *block; /* NULL: this place of the table is free */
    size_t size;
    size_t padding; /* bytes that the block has beyond its size, for our sake */
    double weight; /* blocks that it stands for */
    struct stack *stack;
    struct request *request; /* a reference of its own; NULL: untagged */
    uint32_t epoch;
    bool created; /* an object was made in the block once (recycled.c) */
};

/* Makes an empty table; false: no memory. */
bool samples_open(void);

/* Drops all samples and the table. */
void samples_close(void);

/* The sample of a block; NULL: it is not sampled. Valid until the table changes. */
struct sample *samples_find(const void *block);

/* Keeps a sample of a block that has none; false: no memory. Takes over its references. */
bool samples_add(const struct sample *sample);

/* Drops a sample that samples_find returned. */
void samples_remove(struct sample *sample);

/* How many samples there are. */
size_t samples_live(void);

/* The whole table with its free places, to be read through. */
const struct sample *samples_places(size_t *places);

/* Gives memory back where few samples are left of many. */
void samples_shrink(void);

/* What the table takes, and the padding of all that are in it. */
size_t samples_bytes(void);

#endif
