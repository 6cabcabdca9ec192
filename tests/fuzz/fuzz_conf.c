/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A configuration file of any bytes is loaded whole or refused with 78 and one line.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hugepages/base/conf.h"
#include "hugepages/base/err.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct vega_conf *conf = NULL;
	char path[64];
	const int fd = memfd_create("vega-fuzz-conf", MFD_CLOEXEC);
	int rc;

	FUZZ_CHECK(fd >= 0 && write(fd, data, bytes) == (ssize_t)bytes);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rc = vega_conf_load(path, &conf);
	if (rc == 0) {
		FUZZ_CHECK(
			conf->feed_cnt <= VEGA_FEED_CNT_MAX && conf->port_cnt <= VEGA_PORT_CNT_MAX);
		FUZZ_CHECK(vega_name_ok(conf->region));
		vega_conf_delete(conf);
	} else {
		FUZZ_CHECK(rc == -EINVAL && vega_err_status() == EX_CONFIG && conf == NULL);
		FUZZ_CHECK(strncmp(vega_err_text(), path, strlen(path)) == 0);
	}
	(void)close(fd);
	return 0;
}
