/* Stacks, each kept once and known by a number. */

#ifndef LEAKPROBE_SAMPLER_STACKS_H
#define LEAKPROBE_SAMPLER_STACKS_H

#include "frames.h"

#include <stddef.h>
#include <stdint.h>

struct stack {
    struct stack *next; /* in its bucket, or in a list of detached stacks */
    uint64_t hash;
    uint32_t number; /* never given twice in one process */
    uint32_t live;   /* samples that have it */
    int idle_reads;  /* readings in a row that found it without samples */
    int depth;
    struct frame frames[]; /* innermost first; each holds a reference to its code */
};

/* The stack with these frames, made where there is none; NULL: no memory. Runs no Python code. */
struct stack *stacks_intern(const struct frame *frames, int depth);

/* Copies the frames of a stack, with new references to their code; its depth; -1: no such stack. */
int stacks_copy(uint32_t number, struct frame frames[MOST_FRAMES]);

/* Takes out the stacks that two readings in a row found without samples; called by each reading. */
struct stack *stacks_detach_idle(void);

/* Takes out all stacks; no sample may have one any more. */
struct stack *stacks_detach_all(void);

/* Frees detached stacks and gives their code back, which may run Python code: never from a hook,
 * and with nothing left half done. */
void stacks_release(struct stack *detached);

size_t stacks_count(void);

size_t stacks_bytes(void);

#endif
