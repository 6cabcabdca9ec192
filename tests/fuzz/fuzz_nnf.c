/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nse-nnf: any datagram.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/lib/walk.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct walked walked;

	FUZZ_CHECK(walk_all(&vega_format_nse_nnf, data, (uint32_t)bytes, NULL, NULL, &walked));
	return 0;
}
