/* SPDX-License-Identifier: BSD-3-Clause */
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "hugepages/base/attr.h"
#include "replay/warm_up.h"

#define ROUND_CNT 5000u /* far more than a socket holds */

/* Nothing is left in the socket afterwards, however often. */
static void
send_rounds(enum vega_warm_up_kind kind)
{
	static const uint8_t data[1500] = {1, 2, 3};
	struct vega_warm_up warm_up;
	uint8_t byte;

	vega_warm_up_init(&warm_up, kind);
	vega_warm_up_close(&warm_up);
	assert_int_equal(warm_up.fd_out, -1); /* no socket before there is a message */
	if (!vega_warm_up_send(&warm_up, data, 1))
		skip(); /* the system grants none */
	for (uint32_t i = 0; i < ROUND_CNT; i++)
		assert_true(vega_warm_up_send(&warm_up, data, i % sizeof(data)));
	usleep(10000);
	assert_true(vega_warm_up_send(&warm_up, data, 1));
	assert_true(recv(warm_up.fd_in, &byte, 1, MSG_DONTWAIT) < 0);
	vega_warm_up_close(&warm_up);
	assert_false(vega_warm_up_send(&warm_up, data, 1));
	vega_warm_up_close(&warm_up);
}

static void
test_datagrams(void **state)
{
	(void)state;
	send_rounds(VEGA_WARM_UP_DATAGRAMS);
}

static void
test_frames(void **state)
{
	(void)state;
	send_rounds(VEGA_WARM_UP_FRAMES);
}

/* What one sends fills no socket of the other. */
static void
test_two_at_once(void **state)
{
	struct vega_warm_up one;
	struct vega_warm_up other;
	uint8_t byte;

	(void)state;
	for (int kind = VEGA_WARM_UP_DATAGRAMS; kind <= VEGA_WARM_UP_FRAMES; kind++) {
		vega_warm_up_init(&one, (enum vega_warm_up_kind)kind);
		vega_warm_up_init(&other, (enum vega_warm_up_kind)kind);
		if (!vega_warm_up_send(&one, "x", 1) || !vega_warm_up_send(&other, "x", 1))
			skip();
		for (uint32_t i = 0; i < ROUND_CNT; i++)
			assert_true(vega_warm_up_send(&one, "abc", 3));
		assert_true(recv(other.fd_in, &byte, 1, MSG_DONTWAIT) < 0);
		vega_warm_up_close(&one);
		vega_warm_up_close(&other);
	}
}

/* Where there is nothing to warm, and where the loopback interface is down, as in a new namespace, sends say so. */
static void
test_without(void **state)
{
	struct vega_warm_up warm_up;

	(void)state;
	vega_warm_up_init(&warm_up, VEGA_WARM_UP_NONE);
	assert_false(vega_warm_up_send(&warm_up, "x", 1));
	if (unshare(CLONE_NEWNET) != 0)
		skip();
	for (int kind = VEGA_WARM_UP_DATAGRAMS; kind <= VEGA_WARM_UP_FRAMES; kind++) {
		vega_warm_up_init(&warm_up, (enum vega_warm_up_kind)kind);
		assert_false(vega_warm_up_send(&warm_up, "x", 1));
		vega_warm_up_close(&warm_up);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_datagrams),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_two_at_once),
		cmocka_unit_test(test_without),
	};

	return cmocka_run_group_tests_name("warm_up", tests, NULL, NULL);
}
