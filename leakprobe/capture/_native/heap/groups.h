/* Objects of one type that are held in the same way are one group. */
#ifndef LEAKPROBE_HEAP_GROUPS_H
#define LEAKPROBE_HEAP_GROUPS_H

#include "answers.h"
#include "join.h"

struct groups {
    struct rows groups;   /* struct group */
    uint32_t *of_owner;   /* by pointer; NO_GROUP where no object was found */
    uint32_t count;
};

#define NO_GROUP UINT32_MAX

/* Wants a path to one object of each group. */
void group_owners(struct answers *answers, const struct join *join, struct groups *groups);

/* The sections JOIN and GROUPS; after write_paths. */
void write_groups(const struct answers *answers, const struct join *join, struct groups *groups);

#endif
