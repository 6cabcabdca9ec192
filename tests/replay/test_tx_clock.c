/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hugepages/base/clock.h"
#include "replay/tx_clock.h"
#include "tests/lib/rng.h"

#define LOOK_NS 100000000u

/* A port's clock: so many ticks in so many ns, from an offset that lets it wrap. */
struct port_clock {
	uint64_t ticks;
	uint64_t ns;
	uint64_t begin_ticks;
};

static const struct port_clock clocks[] = {
	{1, 1, 0}, {5, 32, 1ull << 40}, /* 156.25 MHz */
	{1000003, 1000000, 12345},      /* 3 ppm fast */
	{3, 1, UINT64_MAX - 1000},      /* 3 GHz, and over the end of its counter */
};

static uint64_t
ticks_at(const struct port_clock *port, uint64_t ns)
{
	return port->begin_ticks + (uint64_t)((unsigned __int128)ns * port->ticks / port->ns);
}

static int64_t
off_by(const struct vega_tx_clock *clock, const struct port_clock *port, uint64_t ns)
{
	return (int64_t)(vega_tx_line_ticks(&clock->made, ns) - ticks_at(port, ns));
}

/* A tick or two, over whatever lies between two looks and a lead. */
static void
test_line_follows_a_steady_clock(void **state VEGA_UNUSED)
{
	struct rng rng = {rng_seed(3)};

	for (size_t c = 0; c < VEGA_ARRAY_CNT(clocks); c++) {
		struct vega_tx_clock clock = {0};
		uint64_t ns = 777;

		for (uint32_t i = 0; i < 100; i++) {
			const struct vega_tx_clock_look look = {ns, ticks_at(&clocks[c], ns)};

			vega_tx_clock_bend(&clock, &look);
			for (uint32_t k = 0; i != 0 && k < 20; k++)
				assert_in_range(off_by(&clock, &clocks[c],
							ns + rng_below(&rng, LOOK_NS + 1000000)) +
							8,
					0, 16);
			ns += LOOK_NS;
		}
	}
}

/* Its rate moves by 20 ppm: after the oldest look is from after the move, the line is right again, and never far off. */
static void
test_line_follows_a_steered_clock(void **state VEGA_UNUSED)
{
	struct vega_tx_clock clock = {0};
	uint64_t ticks = 0;
	uint64_t ns = 0;

	for (uint32_t i = 0; i < 60; i++) {
		const struct vega_tx_clock_look look = {ns, ticks};

		vega_tx_clock_bend(&clock, &look);
		ns += LOOK_NS;
		ticks += i < 20 ? LOOK_NS : LOOK_NS + LOOK_NS / 50000;
		if (i == 0)
			continue;
		assert_in_range(
			(int64_t)(vega_tx_line_ticks(&clock.made, ns) - ticks) + 2001, 1, 4001);
		if (i >= 20 + VEGA_TX_CLOCK_LOOK_CNT)
			assert_in_range(
				(int64_t)(vega_tx_line_ticks(&clock.made, ns) - ticks) + 2, 0, 4);
	}
}

/* A clock that is set, forward or back, is followed at once, at the rate it had. */
static void
test_line_follows_a_step(void **state VEGA_UNUSED)
{
	static const int64_t steps[] = {5000000, -5000000};

	for (size_t s = 0; s < VEGA_ARRAY_CNT(steps); s++) {
		struct port_clock port = {1, 1, 1000000000};
		struct vega_tx_clock clock = {0};

		for (uint64_t i = 0; i < 40; i++) {
			struct vega_tx_clock_look look;

			if (i == 20)
				port.begin_ticks += (uint64_t)steps[s];
			look = (struct vega_tx_clock_look){
				i * LOOK_NS, ticks_at(&port, i * LOOK_NS)};
			vega_tx_clock_bend(&clock, &look);
			if (i != 0)
				assert_in_range(
					off_by(&clock, &port, i * LOOK_NS + LOOK_NS) + 2, 0, 4);
		}
	}
}

/* Two looks in the same instant, or of a clock that stands, tell no rate. */
static void
test_no_rate(void **state VEGA_UNUSED)
{
	static const struct vega_tx_clock_look looks[] = {{5, 5}, {5, 9}, {9, 5}};

	for (size_t i = 1; i < VEGA_ARRAY_CNT(looks); i++) {
		struct vega_tx_clock clock = {0};

		vega_tx_clock_bend(&clock, &looks[0]);
		vega_tx_clock_bend(&clock, &looks[i]);
		assert_int_equal(clock.made.rate_q32, 0);
	}
}

/* Reading takes long but once: the look is the narrow one, and its middle is when the port's clock was read. */
struct slow_port {
	uint64_t now_ns;
	uint32_t read_cnt;
	int rc;
};

static int
read_slowly(void *arg, uint64_t *ret_ticks)
{
	struct slow_port *port = arg;
	const uint64_t half_ns = ++port->read_cnt == 5 ? 100 : 40000;

	port->now_ns += half_ns;
	*ret_ticks = port->now_ns * 2;
	port->now_ns += half_ns == 100 ? half_ns : half_ns * 3;
	return port->rc;
}

static void
test_narrowest_look(void **state VEGA_UNUSED)
{
	struct slow_port port = {.now_ns = 1000};
	struct vega_tx_clock clock = {0};

	vega_clock_fake(&port.now_ns);
	assert_int_equal(vega_tx_clock_look(&clock, read_slowly, &port), 0);
	assert_int_equal(clock.made.ns, 1000 + 4 * 160000 + 100);
	assert_int_equal(clock.made.ticks, clock.made.ns * 2);
	port.rc = -5;
	assert_int_equal(vega_tx_clock_look(&clock, read_slowly, &port), -5);
	assert_int_equal(clock.look_cnt, 1);
	vega_clock_fake(NULL);
}

static void
test_cell(void **state VEGA_UNUSED)
{
	const struct vega_tx_clock_look looks[] = {{100, 1000}, {200, 3000}};
	struct vega_tx_clock clock = {0};

	vega_tx_clock_bend(&clock, &looks[0]);
	vega_tx_clock_bend(&clock, &looks[1]);
	vega_tx_clock_refresh(&clock);
	assert_int_equal(clock.line.rate_q32, 0); /* nothing is published yet */
	vega_tx_clock_publish(&clock);
	vega_tx_clock_refresh(&clock);
	assert_memory_equal(&clock.line, &clock.made, sizeof(clock.line));
	assert_int_equal(vega_tx_line_ticks(&clock.line, 250), 4000);
	clock.sequence++; /* C1 of the next line: half of it is there */
	clock.words[0] = 0;
	vega_tx_clock_refresh(&clock);
	assert_int_equal(clock.line.ns, 200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_follows_a_steady_clock),
		cmocka_unit_test(test_line_follows_a_steered_clock),
		cmocka_unit_test(test_line_follows_a_step),
		cmocka_unit_test(test_no_rate),
		cmocka_unit_test(test_narrowest_look),
		cmocka_unit_test(test_cell),
	};

	return cmocka_run_group_tests_name("tx_clock", tests, NULL, NULL);
}
