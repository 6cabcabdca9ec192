/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Print what the documentation takes from the configuration's schema: conf_doc sample > docs/examples/vega.yaml
 */
#include <stdio.h>
#include <string.h>

#include "hugepages/base/conf.h"
#include "hugepages/base/err.h"

int
main(int argc, char **argv)
{
	int rc;

	if (argc == 2 && strcmp(argv[1], "sample") == 0)
		rc = vega_conf_print_sample(stdout);
	else if (argc == 2 && strcmp(argv[1], "keys") == 0)
		rc = vega_conf_print_keys(stdout);
	else
		rc = VEGA_ERR(-EINVAL, "need one of sample, keys");
	return vega_err_exit("conf_doc", rc);
}
