/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hugepages/base/attr.h"
#include "hugepages/base/crc32c.h"

/* The vectors of RFC 3720, appendix B.4. */
static void
test_known_answers(void **state)
{
	uint8_t bytes[32];

	(void)state;
	assert_int_equal(vega_crc32c(0, "123456789", 9), 0xE3069283u);
	assert_int_equal(vega_crc32c(0, "", 0), 0);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(vega_crc32c(0, bytes, sizeof(bytes)), 0x8A9136AAu);
	memset(bytes, 0xFF, sizeof(bytes));
	assert_int_equal(vega_crc32c(0, bytes, sizeof(bytes)), 0x62A8AB43u);
	for (uint8_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i;
	assert_int_equal(vega_crc32c(0, bytes, sizeof(bytes)), 0x46DD794Eu);
	for (uint8_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(31 - i);
	assert_int_equal(vega_crc32c(0, bytes, sizeof(bytes)), 0x113FDB5Cu);
}

/* Bit by bit, as the definition says. */
static uint32_t
crc32c_slow(uint32_t crc, const uint8_t *data, size_t bytes)
{
	crc = ~crc;
	for (size_t i = 0; i < bytes; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
	}
	return ~crc;
}

static void
test_pieces_and_alignment(void **state)
{
	uint8_t bytes[300];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 167 + 13);
	for (size_t from = 0; from < 17; from++)
		for (size_t n = 0; from + n <= sizeof(bytes); n += 7) {
			const uint32_t whole = crc32c_slow(0, bytes + from, n);
			const uint32_t half = vega_crc32c(0, bytes + from, n / 2);

			assert_int_equal(vega_crc32c(0, bytes + from, n), whole);
			assert_int_equal(vega_crc32c(half, bytes + from + n / 2, n - n / 2), whole);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_answers),
		cmocka_unit_test(test_pieces_and_alignment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
