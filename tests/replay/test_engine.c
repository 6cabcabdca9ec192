/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hugepages/base/clock.h"
#include "replay/engine.h"
#include "tests/replay/memory_input.h"

#define START    1000000u
#define SENT_MAX 512u

/* An output that remembers which frame it was given in which burst, and takes no more than it is told to. */
struct memory_tx {
	struct vega_tx base;
	int room; /* of each send_burst; negative: what it answers */
	uint32_t burst_cnt;
	uint32_t sent_cnt;
	char frames[SENT_MAX][16];
	uint32_t bursts[SENT_MAX];
	uint64_t due_ns[SENT_MAX]; /* 0: it was told none */
	uint64_t *now_ns; /* goes on by call_ns with each call, and cost_ns with each frame */
	uint64_t call_ns;
	uint64_t cost_ns;
	bool is_mute; /* takes frames, but sends none */
	uint32_t warm_up_cnt;
	char warmed_up[16]; /* the frame it was warmed up for */
	bool flushed;
};

struct fixture {
	struct vega_merge merge;
	struct vega_replay replay;
	struct vega_report report;
	struct memory_tx tx;
	struct vega_input *inputs[2];
	uint32_t input_cnt;
	uint64_t now_ns;
};

static int
send_memory(struct vega_tx *base, const struct vega_frame *frames, const uint64_t *due_ns,
	uint32_t frame_cnt)
{
	struct memory_tx *tx = (struct memory_tx *)base;
	uint32_t n = 0;

	if (tx->room < 0)
		return VEGA_ERR(tx->room, "the output is gone");
	tx->burst_cnt++;
	*tx->now_ns += tx->call_ns;
	for (; n < frame_cnt && n < (uint32_t)tx->room; n++) {
		(void)memory_input_text(tx->frames[tx->sent_cnt], &frames[n]);
		tx->due_ns[tx->sent_cnt] = due_ns != NULL ? due_ns[n] : 0;
		tx->bursts[tx->sent_cnt++] = tx->burst_cnt;
		if (!tx->is_mute)
			vega_tx_count_sent(base, &frames[n], frames[n].captured_bytes);
		*tx->now_ns += tx->cost_ns;
	}
	return (int)n;
}

static int
flush_memory(struct vega_tx *base)
{
	((struct memory_tx *)base)->flushed = true;
	return 0;
}

static bool
warm_up_memory(struct vega_tx *base, const struct vega_frame *frame)
{
	struct memory_tx *tx = (struct memory_tx *)base;

	(void)memory_input_text(tx->warmed_up, frame);
	tx->warm_up_cnt++;
	return true;
}

static const struct vega_tx_ops memory_tx_ops = {.name = "memory",
	.send_burst = send_memory,
	.warm_up = warm_up_memory,
	.flush = flush_memory};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (f == NULL)
		return 1;
	f->tx.base.ops = &memory_tx_ops;
	f->tx.room = VEGA_TX_BURST_CNT_MAX;
	f->now_ns = START;
	f->tx.now_ns = &f->now_ns;
	vega_clock_fake(&f->now_ns);
	vega_report_init(&f->report);
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	vega_clock_fake(NULL);
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

static void
begin_with(struct fixture *f, const struct vega_replay_conf *conf)
{
	vega_merge_init(&f->merge, f->inputs, f->input_cnt);
	vega_replay_init(&f->replay, &f->merge, &f->tx.base, &f->report, conf);
	for (uint32_t i = 0; i < f->input_cnt; i++)
		(void)memory_input_load_all(f->inputs[i]);
}

static void
begin(struct fixture *f, uint64_t speed_millionths, uint64_t start_ns)
{
	const struct vega_replay_conf conf = {
		.speed_millionths = speed_millionths, .start_ns = start_ns};

	begin_with(f, &conf);
}

static int
poll(struct fixture *f, uint64_t *ret_wait_ns)
{
	return vega_replay_poll(&f->replay, ret_wait_ns);
}

static void
test_nothing_leaves_early(void **state)
{
	static const uint64_t times[] = {500, 600, 2000};
	struct fixture *f = *state;
	uint64_t wait_ns;

	add(f, times, 3, 9);
	begin(f, VEGA_SPEED_UNIT, 0);
	assert_int_equal(poll(f, &wait_ns), 1); /* the first is due as soon as it is known */
	assert_int_equal(poll(f, &wait_ns), 0);
	assert_int_equal(wait_ns, 100);
	f->now_ns = START + 99;
	assert_int_equal(poll(f, &wait_ns), 0);
	assert_int_equal(wait_ns, 1);
	f->now_ns = START + 100;
	assert_int_equal(poll(f, &wait_ns), 1);
	f->now_ns = START + 1507;
	assert_int_equal(poll(f, &wait_ns), 1);
	assert_int_equal(poll(f, &wait_ns), -ENODATA);
	assert_int_equal(f->report.error.max, 7);
	assert_int_equal(vega_report_drift_ns(&f->report), 7);
	assert_int_equal(f->report.first_ns, 500);
	assert_int_equal(f->report.last_ns, 2000);
}

/* One instant is one burst; what became due meanwhile leaves with what was due before it; what is not due stays. */
static void
test_bursts(void **state)
{
	static const uint64_t a[] = {100, 100, 200, 300, 400};
	static const uint64_t b[] = {100, 250, 90};
	static const char *const order[] = {"A0", "A1", "B0", "A2", "B1", "B2", "A3", "A4"};
	static const uint32_t bursts[] = {1, 1, 1, 2, 2, 2, 2, 3};
	struct fixture *f = *state;
	uint64_t wait_ns;

	add(f, a, 5, 9);
	add(f, b, 3, 2);
	begin(f, VEGA_SPEED_UNIT, 0);
	assert_int_equal(poll(f, &wait_ns), 3);
	assert_int_equal(poll(f, &wait_ns), 0);
	f->now_ns = START + 201;
	assert_int_equal(poll(f, &wait_ns), 4);
	f->now_ns = START + 300;
	assert_int_equal(poll(f, &wait_ns), 1);
	assert_int_equal(poll(f, &wait_ns), -ENODATA);
	assert_int_equal(f->tx.sent_cnt, VEGA_ARRAY_CNT(order));
	for (size_t i = 0; i < VEGA_ARRAY_CNT(order); i++) {
		assert_string_equal(f->tx.frames[i], order[i]);
		assert_int_equal(f->tx.bursts[i], bursts[i]);
	}
}

static void
test_speed_and_start(void **state)
{
	static const uint64_t times[] = {1000, 2000};
	struct fixture *f = *state;
	uint64_t wait_ns;

	add(f, times, 2, 9);
	begin(f, VEGA_SPEED_UNIT / 2, START + 50);
	assert_int_equal(poll(f, &wait_ns), 0);
	assert_int_equal(wait_ns, 50);
	f->now_ns = START + 50;
	assert_int_equal(poll(f, &wait_ns), 1);
	assert_int_equal(poll(f, &wait_ns), 0);
	assert_int_equal(wait_ns, 2000);
}

static void
test_full_speed(void **state)
{
	static uint64_t times[SENT_MAX];
	struct fixture *f = *state;
	uint64_t wait_ns;

	for (uint32_t i = 0; i < 200; i++)
		times[i] = i * 1000000000ull;
	add(f, times, 200, 90);
	begin(f, 0, 0);
	assert_int_equal(poll(f, &wait_ns), 64);
	assert_int_equal(poll(f, &wait_ns), 64);
	assert_int_equal(poll(f, &wait_ns), 64);
	assert_int_equal(poll(f, &wait_ns), 8);
	assert_int_equal(poll(f, &wait_ns), -ENODATA);
	assert_int_equal(f->report.error.cnt, 0);
	assert_int_equal(f->report.frames_taken, 200);
}

/* An output that takes part of a burst is offered the rest, in order, before anything else. */
static void
test_full_output(void **state)
{
	static const uint64_t times[] = {0, 0, 0, 0, 0, 1};
	struct fixture *f = *state;
	uint64_t wait_ns;

	add(f, times, 6, 9);
	begin(f, VEGA_SPEED_UNIT, 0);
	f->tx.room = 2;
	assert_int_equal(poll(f, &wait_ns), 2);
	f->tx.room = 0;
	assert_int_equal(poll(f, &wait_ns), 0);
	assert_int_equal(wait_ns, 0);
	f->now_ns = START + 10;
	f->tx.room = 64;
	assert_int_equal(poll(f, &wait_ns), 4);
	assert_int_equal(poll(f, &wait_ns), -ENODATA);
	assert_string_equal(f->tx.frames[2], "A2");
	assert_string_equal(f->tx.frames[5], "A5");
	assert_int_equal(f->report.full_cnt, 1);
	assert_int_equal(f->report.error.cnt, 6);
	assert_int_equal(vega_histogram_quantile(&f->report.error, 300), 0);
	assert_int_equal(f->report.error.max, 10);
}

static void
test_starved_is_counted(void **state)
{
	static const uint64_t times[] = {0, 10, 20, 30, 40, 50, 60, 70, 80, 90};
	struct fixture *f = *state;
	uint64_t wait_ns;

	add(f, times, 10, 1);
	begin(f, VEGA_SPEED_UNIT, START);
	f->now_ns = START + 75;
	assert_int_equal(poll(f, &wait_ns), VEGA_INPUT_BLOCK_CNT);
	assert_int_equal(poll(f, &wait_ns), 0);
	assert_int_equal(wait_ns, 0);
	f->now_ns = START + 95;
	assert_int_equal(poll(f, &wait_ns), 0);
	assert_int_equal(f->report.starved_cnt, 1);
	assert_int_equal(memory_input_load_all(f->inputs[0]), 2);
	f->now_ns = START + 96;
	assert_int_equal(poll(f, &wait_ns), 2);
	assert_int_equal(f->report.starved_cnt, 1);
	assert_int_equal(f->report.starved_ns, 21);
	assert_int_equal(poll(f, &wait_ns), -ENODATA);
}

/* Blocks without a frame of the window go back to the reader, however many there are. */
static void
test_nothing_wanted_for_long(void **state)
{
	static uint64_t times[4 * VEGA_INPUT_BLOCK_CNT];
	const struct memory_input_conf conf = {.times_ns = times,
		.frame_cnt = VEGA_ARRAY_CNT(times),
		.frames_a_block = 1,
		.tag = 'A',
		.from_ns = 5};
	struct fixture *f = *state;
	uint64_t wait_ns;

	times[VEGA_ARRAY_CNT(times) - 1] = 5;
	f->inputs[f->input_cnt++] = memory_input_new(&conf);
	begin(f, VEGA_SPEED_UNIT, 0);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(poll(f, &wait_ns), 0);
		assert_int_equal(memory_input_load_all(f->inputs[0]), VEGA_INPUT_BLOCK_CNT);
	}
	assert_int_equal(poll(f, &wait_ns), 1);
	assert_int_equal(memory_input_load_all(f->inputs[0]), 0);
	assert_int_equal(poll(f, &wait_ns), -ENODATA);
}

static void
test_packets_of_the_middle(void **state)
{
	static const uint64_t times[] = {0, 10, 20, 30, 40, 50};
	const struct vega_replay_conf conf = {
		.speed_millionths = VEGA_SPEED_UNIT, .packet_first = 2, .packet_end = 4};
	struct fixture *f = *state;
	uint64_t wait_ns;

	add(f, times, 6, 2);
	begin_with(f, &conf);
	assert_int_equal(poll(f, &wait_ns), 1);
	assert_int_equal(poll(f, &wait_ns), 0);
	assert_int_equal(wait_ns, 10);
	f->now_ns += 10;
	assert_int_equal(poll(f, &wait_ns), 1);
	assert_int_equal(poll(f, &wait_ns), -ENODATA);
	assert_string_equal(f->tx.frames[0], "A2");
	assert_string_equal(f->tx.frames[1], "A3");
	assert_int_equal(f->report.first_ns, 20);
	assert_int_equal(f->report.frames_taken, 2);
}

/* A pause moves the schedule by its own length. */
static void
test_pause(void **state)
{
	static const uint64_t times[] = {0, 100, 200, 200};
	struct fixture *f = *state;
	uint64_t wait_ns;

	add(f, times, 4, 9);
	begin(f, VEGA_SPEED_UNIT, 0);
	assert_int_equal(poll(f, &wait_ns), 1);
	f->now_ns += 30;
	assert_true(vega_replay_ask(&f->replay, VEGA_WISH_PAUSE, 0));
	assert_false(vega_replay_ask(&f->replay, VEGA_WISH_PAUSE, 0)); /* not taken yet */
	assert_int_equal(poll(f, &wait_ns), 0);
	assert_true(wait_ns > 0);
	f->now_ns += 5000;
	assert_int_equal(poll(f, &wait_ns), 0);
	assert_true(vega_replay_ask(&f->replay, VEGA_WISH_PAUSE, 0));
	assert_int_equal(poll(f, &wait_ns), 0);
	assert_int_equal(wait_ns, 70);
	f->now_ns += 70;
	assert_int_equal(poll(f, &wait_ns), 1);
	f->now_ns += 100;
	assert_int_equal(poll(f, &wait_ns), 2);
	assert_int_equal(f->report.error.max, 0);
}

/* Packets a ms apart, paused for a minute between two: each leaves at its time plus a minute, none with another, none late. */
static void
test_a_minute_of_pause(void **state)
{
	static uint64_t times[100];
	const uint64_t minute_ns = 60000000000u;
	const uint64_t ms_ns = 1000000;
	struct fixture *f = *state;
	uint64_t wait_ns;

	for (uint32_t i = 0; i < 100; i++)
		times[i] = i * ms_ns;
	add(f, times, 100, 100);
	begin(f, VEGA_SPEED_UNIT, 0);
	for (uint32_t i = 0; i < 100; i++) {
		if (i == 40) {
			f->now_ns -= ms_ns / 4; /* not with a packet */
			assert_true(vega_replay_ask(&f->replay, VEGA_WISH_PAUSE, 0));
			for (uint32_t k = 0; k < 60; k++, f->now_ns += minute_ns / 60)
				assert_int_equal(poll(f, &wait_ns), 0);
			assert_true(vega_replay_ask(&f->replay, VEGA_WISH_PAUSE, 0));
			assert_int_equal(poll(f, &wait_ns), 0);
			assert_int_equal(wait_ns, ms_ns / 4);
			f->now_ns += wait_ns;
		}
		assert_int_equal(f->now_ns, START + times[i] + (i >= 40 ? minute_ns : 0));
		assert_int_equal(poll(f, &wait_ns), 1);
		assert_int_equal(poll(f, &wait_ns), i < 99 ? 0 : -ENODATA);
		f->now_ns += wait_ns;
	}
	assert_int_equal(f->report.error.max, 0);
	assert_int_equal(f->report.late_cnt, 0);
}

/* An output that sends by itself gets what is due within its lead, with the times; what comes too late is all that is known. */
static void
test_lead(void **state)
{
	static const uint64_t times[] = {0, 100, 100, 2000, 2500, 60000};
	static const uint64_t due[] = {1000, 1100, 1100, 3000, 3500, 61000};
	struct fixture *f = *state;
	uint64_t wait_ns;

	f->tx.base.lead_ns = 1000;
	add(f, times, 6, 9);
	begin(f, VEGA_SPEED_UNIT, 0);
	assert_int_equal(f->report.lead_ns, 1000);
	assert_int_equal(
		poll(f, &wait_ns), 1); /* a lead before its time, which is a lead from now */
	f->now_ns += 100;
	assert_int_equal(poll(f, &wait_ns), 2);
	assert_int_equal(poll(f, &wait_ns), 0);
	assert_int_equal(wait_ns, 1900);
	f->now_ns += 2400;
	assert_int_equal(poll(f, &wait_ns), 2);
	f->now_ns = START + 1000 + 60000 + VEGA_REPORT_LATE_NS + 1;
	assert_int_equal(poll(f, &wait_ns), 1);
	assert_int_equal(poll(f, &wait_ns), -ENODATA);
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(due); i++)
		assert_int_equal(f->tx.due_ns[i], START + due[i]);
	assert_int_equal(f->report.late_cnt, 1);
	assert_false(vega_report_is_paced(&f->report));
}

/* At full speed nothing has a time. */
static void
test_lead_at_full_speed(void **state)
{
	static const uint64_t times[] = {0, 5000};
	struct fixture *f = *state;
	uint64_t wait_ns;

	f->tx.base.lead_ns = 1000;
	add(f, times, 2, 9);
	begin(f, 0, 0);
	assert_int_equal(poll(f, &wait_ns), 2);
	assert_int_equal(f->report.lead_ns, 0);
	assert_int_equal(f->tx.due_ns[1], 0);
	assert_int_equal(f->report.late_cnt, 0);
}

/* The first frame has time, too, to be spun for and warmed up for. */
static void
test_settle(void **state)
{
	static const uint64_t times[] = {700, 900};
	const struct vega_replay_conf conf = {
		.speed_millionths = VEGA_SPEED_UNIT, .settle_ns = 1000000};
	struct fixture *f = *state;
	uint64_t wait_ns;

	add(f, times, 2, 9);
	begin_with(f, &conf);
	assert_int_equal(poll(f, &wait_ns), 0);
	assert_int_equal(wait_ns, 1000000);
	f->now_ns += 900000;
	assert_int_equal(poll(f, &wait_ns), 0);
	assert_int_equal(f->tx.warm_up_cnt, 1);
	f->now_ns += 100000;
	assert_int_equal(poll(f, &wait_ns), 1);
	assert_int_equal(poll(f, &wait_ns), 0);
	assert_int_equal(wait_ns, 200);
}

/* So many looks at the clock, a step apart, with nothing due. */
static void
spin_to(struct fixture *f, uint64_t until_ns, uint64_t step_ns)
{
	uint64_t wait_ns;

	for (; f->now_ns < until_ns; f->now_ns += step_ns)
		assert_int_equal(poll(f, &wait_ns), 0);
	f->now_ns = until_ns;
}

/* Once before a departure, in good time, and only when the output has been idle. */
static void
test_warm_up(void **state)
{
	static const uint64_t times[] = {0, 1000000, 1100000, 1400000};
	struct fixture *f = *state;
	uint64_t wait_ns;

	add(f, times, 4, 9);
	begin(f, VEGA_SPEED_UNIT, 0);
	assert_int_equal(poll(f, &wait_ns), 1);
	spin_to(f, START + 870000, 500);
	assert_int_equal(f->tx.warm_up_cnt, 0);
	spin_to(f, START + 1000000, 500);
	assert_int_equal(f->tx.warm_up_cnt, 1);
	assert_string_equal(f->tx.warmed_up, "A1");
	assert_int_equal(poll(f, &wait_ns), 1);
	spin_to(f, START + 1100000, 500); /* still warm */
	assert_int_equal(f->tx.warm_up_cnt, 1);
	assert_int_equal(poll(f, &wait_ns), 1);
	assert_int_equal(poll(f, &wait_ns), 0);
	f->now_ns = START + 1350000; /* too late to be done in time */
	spin_to(f, START + 1400000, 500);
	assert_int_equal(f->tx.warm_up_cnt, 1);
	assert_int_equal(poll(f, &wait_ns), 1);
	assert_int_equal(f->report.warm_up_cnt, 1);
}

/* Nor when it is not wanted, or the output sends by itself. */
static void
test_no_warm_up(void **state)
{
	static const uint64_t times[] = {0, 1000000};
	const struct vega_replay_conf conf = {
		.speed_millionths = VEGA_SPEED_UNIT, .no_warm_up = true};
	struct fixture *f = *state;
	uint64_t wait_ns;

	add(f, times, 2, 9);
	begin_with(f, &conf);
	assert_int_equal(poll(f, &wait_ns), 1);
	spin_to(f, START + 1000000, 500);
	assert_int_equal(f->tx.warm_up_cnt, 0);
	f->tx.base.lead_ns = 1000;
	begin(f, VEGA_SPEED_UNIT, 0);
	assert_false(f->replay.may_warm_up);
}

/* Lone frames and pairs in turns, 10 us apart: what a call and what a frame takes is known afterwards. Returns frames sent. */
static uint32_t
lay_lessons(uint64_t *times, uint32_t lesson_cnt)
{
	uint32_t n = 0;

	for (uint64_t i = 0; i < lesson_cnt; i++) {
		times[n++] = 2 * i * 10000;
		times[n++] = (2 * i + 1) * 10000;
		times[n++] = (2 * i + 1) * 10000;
	}
	return n;
}

static void
take_lessons(struct fixture *f, uint32_t lesson_cnt)
{
	uint64_t wait_ns;

	for (uint64_t i = 0; i < 2ull * lesson_cnt; i++) {
		f->now_ns = START + i * 10000;
		assert_int_equal(poll(f, &wait_ns), 1 + (int)(i % 2));
	}
}

/*
 * An output that takes 2 us a call and 3 us a frame: when that is known, what is due within as many times 3 us as frames are before it
 * goes with them, and is told to leave when they have left.
 */
static void
test_serial(void **state)
{
	struct fixture *f = *state;
	uint64_t times[16];
	uint64_t wait_ns;
	const uint32_t n = lay_lessons(times, 4);

	for (uint64_t i = 0; i < 4; i++)
		times[n + i] = 80000 + (uint64_t[]){0, 2900, 5990, 9100}[i];
	f->tx.base.is_serial = true;
	f->tx.call_ns = 2000;
	f->tx.cost_ns = 3000;
	add(f, times, n + 4, n + 4);
	begin(f, VEGA_SPEED_UNIT, 0);
	take_lessons(f, 4);
	assert_int_equal(f->replay.cost.lone_ns, 5000);
	assert_int_equal(f->replay.cost.frame_ns, 3000);
	f->now_ns = START + 80000;
	assert_int_equal(poll(f, &wait_ns), 3);
	assert_int_equal(f->now_ns, START + 91000);
	assert_int_equal(poll(f, &wait_ns), 1); /* late, and alone */
	assert_int_equal(f->report.early_cnt, 0);
	assert_int_equal(
		f->report.disturbed_cnt, 0); /* what was due while it sent waited for no machine */
	assert_int_equal(vega_report_drift_ns(&f->report), 1900);
}

/* One slow call teaches nothing that lasts, lone ones alone nothing at all, and frames that were not sent that nothing is known. */
static void
test_serial_learns(void **state)
{
	struct fixture *f = *state;
	uint64_t times[32];
	uint64_t wait_ns;
	const uint32_t n = lay_lessons(times, 8);

	f->tx.base.is_serial = true;
	f->tx.call_ns = 50000;
	add(f, times, n, n);
	begin(f, VEGA_SPEED_UNIT, 0);
	assert_int_equal(poll(f, &wait_ns), 1);
	assert_int_equal(f->replay.cost.lone_ns, 50000);
	assert_int_equal(f->replay.cost.frame_ns, 0);
	f->tx.call_ns = 10;
	f->tx.cost_ns = 30;
	for (uint64_t i = 1; i < 8; i++) {
		f->now_ns = START + i * 10000;
		assert_int_equal(poll(f, &wait_ns), 1 + (int)(i % 2));
	}
	assert_int_equal(f->replay.cost.lone_ns, 40);
	assert_int_equal(f->replay.cost.frame_ns, 30);
	f->tx.is_mute = true;
	f->now_ns = START + 80000;
	assert_int_equal(poll(f, &wait_ns), 1);
	assert_int_equal(f->replay.cost.frame_ns, 0);
}

/* Early by its share of the call: told, and no error below nothing. */
static void
test_early(void **state)
{
	struct fixture *f = *state;
	uint64_t times[14];
	uint64_t wait_ns;
	const uint32_t n = lay_lessons(times, 4);

	times[n] = 80000;
	times[n + 1] = 82900;
	f->tx.base.is_serial = true;
	f->tx.cost_ns = 3000;
	add(f, times, n + 2, n + 2);
	begin(f, VEGA_SPEED_UNIT, 0);
	take_lessons(f, 4);
	f->tx.cost_ns = 1000;
	f->now_ns = START + 80000;
	assert_int_equal(poll(f, &wait_ns), 2);
	assert_int_equal(f->report.early_cnt, 1);
	assert_int_equal(f->report.early_ns_max, 1900);
}

/* An output that knows no warm-up is not asked, not even before the first wait that is long enough. */
static void
test_nothing_to_warm_up(void **state)
{
	static const struct vega_tx_ops ops = {
		.name = "memory", .send_burst = send_memory, .flush = flush_memory};
	static const uint64_t times[] = {0, 80000, 1000000};
	struct fixture *f = *state;
	uint64_t wait_ns;

	f->tx.base.ops = &ops;
	add(f, times, 3, 9);
	begin(f, VEGA_SPEED_UNIT, 0);
	assert_int_equal(poll(f, &wait_ns), 1);
	spin_to(f, START + 80000, 500);
	assert_int_equal(poll(f, &wait_ns), 1);
	spin_to(f, START + 1000000, 500);
	assert_int_equal(poll(f, &wait_ns), 1);
}

/* Of five departures the second and third were due while the clock stood still for 30 us, and none of the others. */
static void
test_disturbed(void **state)
{
	static const uint64_t times[] = {0, 100000, 110000, 200000, 300000};
	struct fixture *f = *state;
	struct vega_histogram undisturbed;
	uint64_t wait_ns;

	add(f, times, 5, 9);
	begin(f, VEGA_SPEED_UNIT, 0);
	assert_int_equal(poll(f, &wait_ns), 1);
	spin_to(f, START + 90000, 100);
	assert_int_equal(poll(f, &wait_ns), 0);
	f->now_ns = START + 120000;
	assert_int_equal(poll(f, &wait_ns), 2);
	f->now_ns += 4900; /* the book-keeping of its own */
	spin_to(f, START + 150000, VEGA_REPORT_AWAY_NS);
	assert_int_equal(f->report.away_cnt, 1);
	f->now_ns += 40000; /* away, but nothing was due */
	spin_to(f, START + 200000, 100);
	f->now_ns += 70;
	assert_int_equal(poll(f, &wait_ns), 1);
	assert_int_equal(poll(f, &wait_ns), 0);
	f->replay.looked_ns = 0; /* it slept: how it wakes up is its own business */
	f->now_ns = START + 320000;
	assert_int_equal(poll(f, &wait_ns), 1);
	assert_int_equal(f->report.away_cnt, 2);
	assert_int_equal(f->report.away_ns, 30000 + 40100);
	assert_int_equal(f->report.disturbed_cnt, 2);
	assert_int_equal(f->report.disturbance_cnt, 1);
	assert_int_equal(f->report.disturbances[0].packet_idx, 1);
	assert_int_equal(f->report.disturbances[0].packet_cnt, 2);
	vega_report_undisturbed(&f->report, &undisturbed);
	assert_int_equal(undisturbed.cnt, 3);
	assert_int_equal(undisturbed.max, 20000);
	assert_int_equal(vega_histogram_quantile(&undisturbed, 600), 70);
	assert_int_equal(f->report.error.cnt, 5);
}

/* Steps take one frame each, of a burst too; after them time goes on from the last. */
static void
test_step(void **state)
{
	static const uint64_t times[] = {0, 100, 100, 100, 350};
	struct fixture *f = *state;
	uint64_t wait_ns;

	add(f, times, 5, 9);
	begin(f, VEGA_SPEED_UNIT, 0);
	assert_int_equal(poll(f, &wait_ns), 1);
	for (uint32_t i = 0; i < 3; i++) {
		f->now_ns += 777;
		assert_true(vega_replay_ask(&f->replay, VEGA_WISH_STEP, 0));
		assert_int_equal(poll(f, &wait_ns), 1);
		assert_int_equal(f->tx.sent_cnt, 2 + i);
		assert_int_equal(poll(f, &wait_ns), 0);
	}
	f->now_ns += 777;
	assert_true(vega_replay_ask(&f->replay, VEGA_WISH_PAUSE, 0));
	assert_int_equal(poll(f, &wait_ns), 0);
	assert_int_equal(wait_ns, 250);
	f->now_ns += 250;
	assert_int_equal(poll(f, &wait_ns), 1);
	assert_int_equal(poll(f, &wait_ns), -ENODATA);
	assert_string_equal(f->tx.frames[4], "A4");
	assert_int_equal(f->report.error.max, 0);
}

/* However long the pause is, what was left to wait when it began is what the speed divides. */
static void
test_speed_changes_in_a_pause(void **state)
{
	static const uint64_t times[] = {0, 1000, 2000};
	struct fixture *f = *state;
	uint64_t wait_ns;

	add(f, times, 3, 9);
	begin(f, VEGA_SPEED_UNIT, 0);
	assert_int_equal(poll(f, &wait_ns), 1);
	f->now_ns += 400;
	assert_true(vega_replay_ask(&f->replay, VEGA_WISH_PAUSE, 0));
	assert_int_equal(poll(f, &wait_ns), 0);
	f->now_ns += 1000000;
	assert_true(vega_replay_ask(&f->replay, VEGA_WISH_SPEED, 2 * VEGA_SPEED_UNIT));
	assert_int_equal(poll(f, &wait_ns), 0);
	f->now_ns += 1000000;
	assert_true(vega_replay_ask(&f->replay, VEGA_WISH_PAUSE, 0));
	assert_int_equal(poll(f, &wait_ns), 0);
	assert_int_equal(wait_ns, 300); /* 600 were left */
}

/* What is due when the clock ends stays so: by a pause, and by another speed. */
static void
test_a_time_beyond_the_clock(void **state)
{
	static const uint64_t times[] = {0, UINT64_MAX - 1};
	struct fixture *f = *state;
	uint64_t wait_ns;

	add(f, times, 2, 9);
	begin(f, VEGA_SPEED_UNIT, 0);
	assert_int_equal(poll(f, &wait_ns), 1);
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(vega_replay_ask(&f->replay, VEGA_WISH_PAUSE, 0));
		assert_int_equal(poll(f, &wait_ns), 0);
		f->now_ns += 1000;
	}
	assert_true(vega_replay_ask(&f->replay, VEGA_WISH_SPEED, VEGA_SPEED_UNIT / 2));
	assert_int_equal(poll(f, &wait_ns), 0);
	assert_true(wait_ns > UINT64_MAX / 2);
	assert_int_equal(f->tx.sent_cnt, 1);
}

static void
test_speed_changes(void **state)
{
	static const uint64_t times[] = {0, 1000, 2000, 3000};
	struct fixture *f = *state;
	uint64_t wait_ns;

	add(f, times, 4, 9);
	begin(f, VEGA_SPEED_UNIT, 0);
	assert_int_equal(poll(f, &wait_ns), 1);
	f->now_ns += 400;
	assert_true(vega_replay_ask(&f->replay, VEGA_WISH_SPEED, 2 * VEGA_SPEED_UNIT));
	assert_int_equal(poll(f, &wait_ns), 0);
	assert_int_equal(wait_ns, 300); /* 600 were left */
	f->now_ns += 300;
	assert_int_equal(poll(f, &wait_ns), 1);
	assert_int_equal(poll(f, &wait_ns), 0);
	assert_int_equal(wait_ns, 500);
	assert_true(vega_replay_ask(&f->replay, VEGA_WISH_SPEED, 0));
	assert_int_equal(poll(f, &wait_ns), 2);
}

static void
test_seek_ends_the_poll(void **state)
{
	static const uint64_t times[] = {0, 1000, 2000};
	struct fixture *f = *state;
	uint64_t wait_ns;

	add(f, times, 3, 9);
	begin(f, VEGA_SPEED_UNIT, 0);
	assert_int_equal(poll(f, &wait_ns), 1);
	assert_true(vega_replay_ask(&f->replay, VEGA_WISH_SEEK, 2));
	assert_int_equal(poll(f, &wait_ns), -ENODATA);
	assert_int_equal(f->replay.seek_ns, 2000);
	memory_input_delete(f->inputs[0]);
	f->input_cnt = 0;
	add(f, times + 2, 1, 9); /* the caller opens anew */
	vega_merge_init(&f->merge, f->inputs, f->input_cnt);
	(void)memory_input_load_all(f->inputs[0]);
	vega_replay_again(&f->replay, 0);
	assert_int_equal(poll(f, &wait_ns), 1); /* due at once */
	assert_int_equal(poll(f, &wait_ns), -ENODATA);
	assert_int_equal(f->replay.seek_ns, 0);
	assert_int_equal(f->report.first_ns, 0);
	assert_int_equal(f->report.last_ns, 2000);
	assert_int_equal(f->report.frames_taken, 2);
}

static void
test_run_ends_and_flushes(void **state)
{
	static const uint64_t times[] = {0, 0};
	struct fixture *f = *state;
	struct vega_sender sender;
	uint64_t stop = 0;

	add(f, times, 2, 9);
	begin(f, 0, 0);
	assert_int_equal(vega_sender_prepare(&sender, -1, false), 0);
	assert_int_equal(vega_replay_run(&f->replay, &sender, &stop), 0);
	assert_true(f->tx.flushed);
	assert_false(f->report.interrupted);
	assert_int_equal(f->report.tx.packets_sent, 2);
	assert_int_equal(f->report.tx.packets_cut, 2);
}

static void
test_run_stops_and_fails(void **state)
{
	static const uint64_t times[] = {0, 0};
	struct fixture *f = *state;
	struct vega_sender sender;
	uint64_t stop = 1;

	add(f, times, 2, 9);
	begin(f, VEGA_SPEED_UNIT, 0);
	assert_int_equal(vega_sender_prepare(&sender, -1, false), 0);
	assert_int_equal(vega_replay_run(&f->replay, &sender, &stop), 0);
	assert_true(f->report.interrupted);
	assert_int_equal(f->report.tx.packets_sent, 0);
	stop = 0;
	f->tx.room = -ENODEV;
	assert_int_equal(vega_replay_run(&f->replay, &sender, &stop), -ENODEV);
	assert_string_equal(vega_err_text(), "the output is gone");
	assert_false(f->report.interrupted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_leaves_early, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bursts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_speed_and_start, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_speed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_output, setup, teardown),
		cmocka_unit_test_setup_teardown(test_starved_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_wanted_for_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_packets_of_the_middle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pause, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_minute_of_pause, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lead, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lead_at_full_speed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_settle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_warm_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_warm_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_serial, setup, teardown),
		cmocka_unit_test_setup_teardown(test_serial_learns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_early, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_to_warm_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disturbed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_step, setup, teardown),
		cmocka_unit_test_setup_teardown(test_speed_changes_in_a_pause, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_time_beyond_the_clock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_speed_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seek_ends_the_poll, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run_ends_and_flushes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run_stops_and_fails, setup, teardown),
	};

	return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
