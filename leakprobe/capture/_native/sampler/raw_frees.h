/* Tells when memory that the RAW domain gave is given back (raw_frees.c). */

#ifndef LEAKPROBE_SAMPLER_RAW_FREES_H
#define LEAKPROBE_SAMPLER_RAW_FREES_H

#include <stdbool.h>
#include <stddef.h>

/* Whether pymalloc is what all domains call, with nobody's hooks on top. */
bool raw_frees_is_pymalloc(void);

/* Sees to it that frees are told of; nothing may be sampling. */
void raw_frees_watch(void);

/* Whether the RAW domain's frees come to us first. */
bool raw_frees_on_top(void);

/* How much to ask pymalloc for so that it hands the request on to the RAW domain. */
static inline size_t
raw_frees_bytes(size_t size)
{
    enum { LARGEST_IN_POOLS = 512 }; /* Objects/obmalloc.c: SMALL_REQUEST_THRESHOLD */
    return size > LARGEST_IN_POOLS ? size : LARGEST_IN_POOLS + 1;
}

#endif
