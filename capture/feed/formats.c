/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of wire formats: a new one is one file and one row here. */
#include <string.h>

#include "capture/feed/format.h"

const struct vega_format *const vega_formats[] = {
	&vega_format_cme_mdp3,
	&vega_format_iex,
	&vega_format_itch,
	&vega_format_nse_mtbt,
	&vega_format_nse_nnf,
	NULL,
};

const struct vega_format *
vega_format_find(const char *name)
{
	for (const struct vega_format *const *f = vega_formats; *f != NULL; f++)
		if (strcmp((*f)->name, name) == 0)
			return *f;
	return NULL;
}
