/* The result of a walk, written to a memfd. All numbers in the machine's byte order.
 *
 *   file     = "LPHEAP01", then sections, then the section END with nothing in it
 *   section  = u32 kind, u32 rows, u64 bytes of the payload, payload, zeros up to 8 bytes
 *
 * A string is named by its number in STRINGS; NO_STRING means none. Rows:
 *
 *   STRINGS     u32 offsets[rows + 1] into the UTF-8 bytes that follow them
 *   TOTALS      one u64 per row, in the order of `enum total`
 *   TYPES       u32 name, u32 flags (1 plain container, 2 plumbing, 4 some are garbage and
 *               have a `__del__` written in Python), u64 objects, bytes,
 *               owned_bytes, retained_bytes, garbage_objects, garbage_bytes, c_held_objects,
 *               c_held_bytes
 *   CONTAINERS  u64 address, u64 length, u32 type, u32 flags (1 holds weak references, or is
 *               the set or dict inside of such a collection)
 *   NODES       u32 node, u32 kind (enum node_kind), u32 type (a row of TYPES, or
 *               UINT32_MAX), u32 title (string), u32 thing (enum thing), u32 state (enum
 *               node_state), i64 length (-1: none), u64 address, bytes, retained_bytes,
 *               u32 dominator (node), u32 limit (entries; 0: none)
 *               Every node that another section names, once, in the order of the node.
 *   PATHS       u32 node, u32 why (enum why, bits), u32 first_step, u32 steps
 *               The shortest way to that node; no steps where nothing leads there.
 *   STEPS       u32 holder (node), u32 role (enum role), u32 name (string), u32 index
 *               One after the other from the root down; a step's held node is the holder of
 *               the next step, and the path's node for the last one. index: of a list or
 *               tuple item, else UINT32_MAX.
 *   EDGES       u32 holder, u32 held (nodes), u32 role, u32 name, u32 index, u32 holders
 *               Who holds the objects that were asked for by type.
 *   JOIN        u32 group, u32 how (enum owned_as): for each pointer that was handed in, in its
 *               order; group UINT32_MAX where no object was found
 *   GROUPS      u32 type, u32 path (a row of PATHS), u32 objects, u32 state, u64 retained_bytes
 *               Objects of one type that are held in the same way (keys and indexes aside).
 *   HELD        as GROUPS: the newest objects of the types that were asked for
 *   ENTRIES     u32 container (node), u32 type, u64 objects, bytes, retained_bytes
 *               Types of what containers hold, values of a dict; retained: by the container alone.
 */
#ifndef LEAKPROBE_HEAP_OUTPUT_H
#define LEAKPROBE_HEAP_OUTPUT_H

#include <Python.h>
#include <stdint.h>

#define NO_STRING UINT32_MAX
#define NO_INDEX UINT32_MAX

enum section { SECTION_END = 0, SECTION_STRINGS = 1, SECTION_TOTALS = 2, SECTION_TYPES = 3,
               SECTION_CONTAINERS = 4, SECTION_NODES = 5, SECTION_PATHS = 6, SECTION_STEPS = 7,
               SECTION_EDGES = 8, SECTION_JOIN = 9, SECTION_GROUPS = 10, SECTION_HELD = 11,
               SECTION_ENTRIES = 12 };

enum total { TOTAL_OBJECTS, TOTAL_TRACKED, TOTAL_EDGES, TOTAL_BYTES, TOTAL_C_HELD_OBJECTS,
             TOTAL_C_HELD_BYTES, TOTAL_GARBAGE_OBJECTS, TOTAL_GARBAGE_BYTES, TOTAL_OWN_OBJECTS,
             TOTAL_OWN_BYTES, TOTAL_FROZEN_OBJECTS, TOTAL_THREADS, TOTAL_FRAMES,
             TOTAL_MAPPED_BYTES, TOTAL_GRAPH_NS, TOTAL_REACH_NS, TOTAL_TYPES_NS,
             TOTAL_DOMINATORS_NS, TOTAL_REST_NS, TOTALS };

enum thing { THING_OBJECT, THING_MODULE, THING_CLASS, THING_FUNCTION, THING_FRAME_OBJECT,
             THING_THREAD_OBJECT, THING_PLUMBING, THING_TASK, THING_TIMER_HANDLE,
             THING_LOGGING_HANDLER };

/* Why a path is there. */
enum why { WHY_TOP = 1, WHY_ADDRESS = 2, WHY_TYPE = 4, WHY_HOLDER = 8, WHY_GROUP = 16 };

/* How a holder holds something. */
enum role {
    ROLE_REFERENCE = 0,        /* not known more exactly */
    ROLE_MODULE = 1,           /* a virtual node or sys.modules to a module; name: its name */
    ROLE_NAMESPACE = 2,        /* an instance or a module to its __dict__ */
    ROLE_CLASS_NAMESPACE = 3,  /* a class to its __dict__ */
    ROLE_ATTRIBUTE = 4,        /* name: the attribute (slots, inline values, or a value of a namespace) */
    ROLE_CLASS_ATTRIBUTE = 5,
    ROLE_GLOBAL = 6,           /* a value in a module's namespace */
    ROLE_DICT_VALUE = 7,       /* name: only where keys are revealed */
    ROLE_DICT_KEY = 8,
    ROLE_LIST_ITEM = 9,
    ROLE_TUPLE_ITEM = 10,
    ROLE_SET_ITEM = 11,
    ROLE_DEQUE_ITEM = 12,
    ROLE_LOCAL = 13,           /* a frame, generator or coroutine to a variable; name: it */
    ROLE_CLOSURE = 14,         /* a function to its closure tuple */
    ROLE_CELL = 15,            /* a closure tuple to a cell; name: the free variable */
    ROLE_CELL_CONTENTS = 16,
    ROLE_DEFAULTS = 17,        /* a function to its defaults */
    ROLE_CLASS = 18,           /* an object to its type */
    ROLE_CACHED_RESULT = 19,   /* functools.lru_cache */
    ROLE_C_HELD = 20,
    ROLE_THREAD = 21,          /* the root to a thread or a frame */
    ROLE_BOUND_SELF = 22,      /* a bound method to its object */
    ROLE_GLOBALS = 23,         /* a function to its module's namespace */
    ROLE_CONTEXT_PART = 24,    /* a context to the nodes of its table (contextvars) */
    ROLE_CONTEXT_VARIABLE = 25 /* such a node to a value; name: the variable */
};

/* What part of an object a sampled block is. */
enum owned_as { OWNED_NOT = 0, OWNED_OBJECT = 1, OWNED_LIST_ITEMS = 2, OWNED_DICT_KEYS = 3,
                OWNED_DICT_VALUES = 4, OWNED_SET_TABLE = 5, OWNED_BYTEARRAY = 6,
                OWNED_INSTANCE_VALUES = 7, OWNED_CLASS_KEYS = 8, OWNED_UNICODE_DATA = 9,
                OWNED_DEQUE_BLOCK = 10, OWNED_BUFFER = 11 };

/* Opaque: buffers to be written, strings and where they are. */
struct output;

struct output *open_output(int descriptor);
/* The number of a string; equal strings have one number. `text` need not end in zero. */
uint32_t add_string(struct output *output, const char *text, size_t length);
uint32_t add_text(struct output *output, const char *text);
/* The same from a str, UTF-8, what is not printable or not encodable as '?'; NO_STRING
 * where it is no str. At most `longest` characters, then an ellipsis. */
uint32_t add_unicode(struct output *output, PyObject *text, size_t longest);
/* The bytes of a string, not ended by a zero; until the next one is added. */
const char *string_at(const struct output *output, uint32_t number, size_t *length);
/* A whole section at once. */
void write_section(struct output *output, enum section kind, uint32_t rows, const void *payload,
                   uint64_t bytes);
/* Strings and END; gives up where something could not be written. */
void close_output(struct output *output);

#endif
