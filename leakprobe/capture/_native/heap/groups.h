/* Objects of one type that are held in the same way are one group. */
#ifndef LEAKPROBE_HEAP_GROUPS_H
#define LEAKPROBE_HEAP_GROUPS_H

#include "answers.h"
#include "ways.h"

#define GROUP_SLOTS 8192 /* of the hash table of groups; a power of two */

struct group {
    uint64_t way;
    uint32_t type;
    uint32_t state;
    uint32_t objects;
    uint32_t node;   /* one of its objects, that with the shortest way; NO_NODE: its path is not
                      * asked for */
    uint32_t depth;  /* of that one */
    uint64_t retained_bytes;
};

struct groups {
    struct ways *ways;
    struct rows groups;              /* struct group */
    uint32_t *of_node;               /* number plus one; 0: in none yet */
    uint32_t slots[GROUP_SLOTS];     /* of groups with a way: number plus one; 0: free */
    uint32_t *rest;                  /* by type: number plus one of its group without a way */
    uint32_t with_way;
};

struct groups *open_groups(struct ways *ways);

/* The number of an object's group. An object counts once, however often it is put there. */
uint32_t put_into_group(struct groups *groups, uint32_t node);

/* When all are in: what each group retains, and a path wanted to one object of each that has a
 * node. */
void want_group_paths(struct answers *answers, const struct groups *groups);

/* A section of the form of GROUPS; after write_paths. */
void write_groups(const struct answers *answers, enum section section,
                  const struct groups *groups);

void close_groups(struct groups *groups);

#endif
