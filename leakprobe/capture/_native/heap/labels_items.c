/* Items of containers. Where the container is a namespace, its keys are names in code; everywhere
 * else keys and indexes are the application's data. */
#include "labels.h"

#include "names.h"
#include "parts.h"
#include "reveal.h"

/* A longer container is not searched for the sake of a label. */
#define LONGEST_SEARCH 100000

/* What the values of each kind of namespace are (enum space). */
static const enum role roles[] = {
    [SPACE_NONE] = ROLE_DICT_VALUE,      [SPACE_MODULES] = ROLE_MODULE,
    [SPACE_MODULE] = ROLE_GLOBAL,        [SPACE_CLASS] = ROLE_CLASS_ATTRIBUTE,
    [SPACE_INSTANCE] = ROLE_ATTRIBUTE,   [SPACE_LOCALS] = ROLE_LOCAL,
    [SPACE_THREADS] = ROLE_NAMESPACE,    [SPACE_CLOSURE] = ROLE_TUPLE_ITEM,
};

/* Under which key a dict holds something, or as which. Returns whether it does. */
static int
find_key(const struct edge *edge, PyObject **found, int *is_key)
{
    const PyDictObject *dict = (PyDictObject *)edge->holder;
    for (Py_ssize_t slot = 0; slot < key_slots(dict->ma_keys); slot++) {
        PyObject *value, *key = key_in_slot(dict->ma_keys, dict->ma_values, slot, &value);
        if (value != NULL && (value == edge->held || key == edge->held)) {
            *found = key;
            *is_key = value != edge->held;
            return 1;
        }
    }
    return 0;
}

static uint32_t
name_of_value(const struct edge *edge, enum space space, PyObject *key)
{
    if (space == SPACE_MODULES) {
        return add_unicode(edge->walk->output, key, LONGEST_NAME);
    }
    if (space == SPACE_NONE || space == SPACE_THREADS) {
        return edge->walk->request->reveal ? reveal(edge->walk->output, key) : NO_STRING;
    }
    return name_of_key(edge->walk, key);
}

static void
label_dict_item(const struct edge *edge, struct label *label)
{
    enum space space = space_of_node(edge->walk, edge->holder_node);
    PyObject *key;
    int is_key;
    label->role = roles[space];
    int is_data = space == SPACE_NONE || space == SPACE_THREADS;
    if ((edge->any_item && is_data) || length_of(edge->holder) > LONGEST_SEARCH) {
        return;
    }
    if (!find_key(edge, &key, &is_key)) {
        label->role = ROLE_REFERENCE;
    }
    else if (is_key) {
        label->role = ROLE_DICT_KEY;
    }
    else {
        label->name = name_of_value(edge, space, key);
    }
}

static uint32_t
find_index(const struct edge *edge, PyObject *const *items, Py_ssize_t count)
{
    if (!edge->walk->request->reveal || edge->any_item || count > LONGEST_SEARCH) {
        return NO_INDEX;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        if (items[i] == edge->held) {
            return (uint32_t)i;
        }
    }
    return NO_INDEX;
}

int
label_item(const struct edge *edge, struct label *label)
{
    PyObject *holder = edge->holder;
    if (PyDict_Check(holder)) {
        label_dict_item(edge, label);
    }
    else if (PyList_Check(holder)) {
        PyListObject *list = (PyListObject *)holder;
        label->role = ROLE_LIST_ITEM;
        label->index = find_index(edge, list->ob_item, Py_SIZE(list));
    }
    else if (PyTuple_Check(holder)) {
        PyTupleObject *tuple = (PyTupleObject *)holder;
        label->role = ROLE_TUPLE_ITEM;
        label->index = find_index(edge, tuple->ob_item, Py_SIZE(tuple));
    }
    else if (PyAnySet_Check(holder)) {
        label->role = ROLE_SET_ITEM;
    }
    else if (is_instance_of(holder, "collections.deque")) {
        label->role = ROLE_DEQUE_ITEM;
    }
    else {
        return 0;
    }
    return 1;
}
