/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/merge.h"
#include "replay/reader.h"
#include "tests/lib/rng.h"
#include "tests/replay/memory_input.h"

#define INPUT_CNT_MAX 26u

struct fixture {
	struct vega_merge merge;
	struct vega_input *inputs[INPUT_CNT_MAX];
	uint32_t input_cnt;
	char order[4096]; /* "A0 B0 A1": what came out */
};

static int
setup(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	return *state == NULL;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < f->input_cnt; i++)
		memory_input_delete(f->inputs[i]);
	free(f);
	return 0;
}

static void
add(struct fixture *f, const uint64_t *times_ns, uint32_t frame_cnt, uint32_t frames_a_block)
{
	const struct memory_input_conf conf = {.times_ns = times_ns,
		.frame_cnt = frame_cnt,
		.frames_a_block = frames_a_block,
		.tag = (char)('A' + f->input_cnt)};

	f->inputs[f->input_cnt++] = memory_input_new(&conf);
}

/* Take frames until the merge has none; returns what it said then. */
static int
drain(struct fixture *f)
{
	const struct vega_frame *frame;
	char text[16];
	int rc;

	while ((rc = vega_merge_peek(&f->merge, &frame)) == 1) {
		if (f->order[0] != '\0')
			(void)strncat(f->order, " ", sizeof(f->order) - strlen(f->order) - 1);
		(void)strncat(f->order, memory_input_text(text, frame),
			sizeof(f->order) - strlen(f->order) - 1);
		vega_merge_pop(&f->merge);
	}
	return rc;
}

static void
load_all(struct fixture *f)
{
	for (uint32_t i = 0; i < f->input_cnt; i++)
		(void)memory_input_load_all(f->inputs[i]);
}

static void
test_by_time(void **state)
{
	static const uint64_t a[] = {10, 30, 50};
	static const uint64_t b[] = {20, 40, 41};
	static const uint64_t c[] = {5, 60};
	struct fixture *f = *state;

	add(f, a, 3, 9);
	add(f, b, 3, 1);
	add(f, c, 2, 9);
	vega_merge_init(&f->merge, f->inputs, f->input_cnt);
	load_all(f);
	assert_int_equal(drain(f), 0);
	assert_string_equal(f->order, "C0 A0 B0 A1 B1 B2 A2 C1");
}

static void
test_equal_times_keep_the_order_of_inputs(void **state)
{
	static const uint64_t same[] = {7, 7, 7};
	struct fixture *f = *state;

	add(f, same, 3, 9);
	add(f, same, 3, 9);
	vega_merge_init(&f->merge, f->inputs, f->input_cnt);
	load_all(f);
	assert_int_equal(drain(f), 0);
	assert_string_equal(f->order, "A0 A1 A2 B0 B1 B2");
}

static void
test_backward_times_keep_recorded_order(void **state)
{
	static const uint64_t a[] = {10, 5, 20};
	static const uint64_t b[] = {7, 8, 12};
	struct fixture *f = *state;

	add(f, a, 3, 2);
	add(f, b, 3, 2);
	vega_merge_init(&f->merge, f->inputs, f->input_cnt);
	load_all(f);
	assert_int_equal(drain(f), 0);
	assert_string_equal(f->order, "B0 B1 A0 A1 B2 A2");
}

static void
test_window(void **state)
{
	static const uint64_t times[] = {10, 5, 20, 19, 30, 11};
	const struct memory_input_conf conf = {.times_ns = times,
		.frame_cnt = 6,
		.frames_a_block = 2,
		.tag = 'A',
		.from_ns = 10,
		.to_ns = 20};
	struct fixture *f = *state;

	f->inputs[f->input_cnt++] = memory_input_new(&conf);
	vega_merge_init(&f->merge, f->inputs, f->input_cnt);
	load_all(f);
	assert_int_equal(drain(f), 0);
	assert_string_equal(f->order, "A0 A3 A5");
}

/* Nothing comes out while any input's next frame is unknown: it might be earlier. */
static void
test_waits_for_a_slow_input(void **state)
{
	static const uint64_t a[] = {1, 2, 3};
	static const uint64_t b[] = {1, 2, 3};
	struct fixture *f = *state;

	add(f, a, 3, 9);
	add(f, b, 3, 1);
	vega_merge_init(&f->merge, f->inputs, f->input_cnt);
	assert_int_equal(drain(f), -EAGAIN);
	(void)memory_input_load_all(f->inputs[0]);
	assert_int_equal(drain(f), -EAGAIN);
	assert_string_equal(f->order, "");
	assert_int_equal(vega_input_load(f->inputs[1]), 1);
	assert_int_equal(drain(f), -EAGAIN);
	assert_string_equal(f->order, "A0 B0");
	(void)memory_input_load_all(f->inputs[1]);
	assert_int_equal(drain(f), 0);
	assert_string_equal(f->order, "A0 B0 A1 B1 A2 B2");
}

static void
test_queue_is_bounded_and_given_back(void **state)
{
	static const uint64_t times[20] = {0};
	struct fixture *f = *state;

	add(f, times, 20, 1);
	vega_merge_init(&f->merge, f->inputs, f->input_cnt);
	assert_int_equal(memory_input_load_all(f->inputs[0]), VEGA_INPUT_BLOCK_CNT);
	assert_int_equal(drain(f), -EAGAIN);
	assert_int_equal(memory_input_load_all(f->inputs[0]), 0); /* all are still held */
	vega_merge_release(&f->merge);
	assert_int_equal(memory_input_load_all(f->inputs[0]), VEGA_INPUT_BLOCK_CNT);
	assert_int_equal(drain(f), -EAGAIN);
	vega_merge_release(&f->merge);
	assert_int_equal(memory_input_load_all(f->inputs[0]), 20 - 2 * VEGA_INPUT_BLOCK_CNT);
	assert_int_equal(drain(f), 0);
}

/* An input that breaks off gives what it had; the others go on, and the reason is kept. */
static void
test_broken_input(void **state)
{
	static const uint64_t a[] = {1, 3};
	static const uint64_t b[] = {2, 4};
	const struct memory_input_conf conf = {
		.times_ns = b, .frame_cnt = 1, .frames_a_block = 9, .tag = 'B', .end_rc = -EBADMSG};
	struct fixture *f = *state;

	add(f, a, 2, 9);
	f->inputs[f->input_cnt++] = memory_input_new(&conf);
	vega_merge_init(&f->merge, f->inputs, f->input_cnt);
	load_all(f);
	assert_int_equal(drain(f), 0);
	assert_string_equal(f->order, "A0 B0 A1");
	assert_int_equal(vega_input_error(f->inputs[0]), 0);
	assert_int_equal(vega_input_error(f->inputs[1]), -EBADMSG);
	assert_string_equal(vega_err_text(), "need more, found the end of test B");
}

/* A block that verifies but holds no chain of packets costs itself alone. */
static void
test_bad_block(void **state)
{
	static const uint64_t a[] = {1, 2, 3, 4};
	struct fixture *f = *state;
	uint8_t *second;

	add(f, a, 4, 2);
	vega_merge_init(&f->merge, f->inputs, f->input_cnt);
	load_all(f);
	second = f->inputs[0]->buffers + VEGA_BLOCK_BYTES_MAX;
	memset(second + VEGA_BLOCK_HDR_BYTES + 4, 0xff, 4);
	assert_int_equal(drain(f), 0);
	assert_string_equal(f->order, "A0 A1");
	assert_int_equal(vega_input_damage(f->inputs[0]).bad_blocks, 1);
}

struct item {
	uint64_t key_ns; /* running maximum of its input: recorded order wins over time */
	uint32_t input;
	uint32_t number;
};

static int
compare_items(const void *left, const void *right)
{
	const struct item *a = left;
	const struct item *b = right;

	if (a->key_ns != b->key_ns)
		return a->key_ns < b->key_ns ? -1 : 1;
	if (a->input != b->input)
		return a->input < b->input ? -1 : 1;
	return a->number < b->number ? -1 : 1;
}

/* Random inputs, times that stand still often, against a sort; read by a real reader thread. */
static void
test_random_against_sort(void **state)
{
	enum {
		FRAMES = 3000,
		INPUTS = 17
	};
	static uint64_t times[INPUTS][FRAMES];
	static struct item items[INPUTS * FRAMES];
	struct rng rng = {rng_seed(2)};
	struct fixture *f = *state;
	struct vega_reader reader;
	const struct vega_frame *frame;
	char wanted[16];
	char text[16];

	for (uint32_t i = 0; i < INPUTS; i++) {
		for (uint32_t n = 0; n < FRAMES; n++) {
			times[i][n] = (n != 0 ? times[i][n - 1] : 0) + rng_below(&rng, 3);
			items[i * FRAMES + n] = (struct item){times[i][n], i, n};
		}
		add(f, times[i], FRAMES, 1 + (uint32_t)rng_below(&rng, 200));
	}
	qsort(items, INPUTS * FRAMES, sizeof(items[0]), compare_items);
	vega_merge_init(&f->merge, f->inputs, f->input_cnt);
	assert_int_equal(vega_reader_start(&reader, f->inputs, f->input_cnt), 0);
	for (uint32_t n = 0; n < INPUTS * FRAMES; n++) {
		while (vega_merge_peek(&f->merge, &frame) == -EAGAIN)
			vega_merge_release(&f->merge);
		(void)snprintf(
			wanted, sizeof(wanted), "%c%u", 'A' + items[n].input, items[n].number);
		assert_string_equal(memory_input_text(text, frame), wanted);
		vega_merge_pop(&f->merge);
	}
	while (vega_merge_peek(&f->merge, &frame) == -EAGAIN)
		;
	assert_int_equal(vega_merge_peek(&f->merge, &frame), 0);
	vega_reader_stop(&reader);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_by_time, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_equal_times_keep_the_order_of_inputs, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_backward_times_keep_recorded_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_window, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waits_for_a_slow_input, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_queue_is_bounded_and_given_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken_input, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_block, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random_against_sort, setup, teardown),
	};

	return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
