/* Who holds the newest objects of the types that were asked for. */
#ifndef LEAKPROBE_HEAP_NEWEST_H
#define LEAKPROBE_HEAP_NEWEST_H

#include "groups.h"

/* Their groups, and paths wanted to the largest ones of each type. */
struct groups *find_newest(struct answers *answers, struct ways *ways);

#endif
