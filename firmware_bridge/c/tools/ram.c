/* One array per struct, as large as it: sizes.py reads from the object what each costs. */
#include "vbp.h"

char vbp_queue[sizeof(struct vbp_queue)];
char vbp_block[sizeof(struct vbp_block)];
char vbp_stream[sizeof(struct vbp_stream)];
char vbp_sender[sizeof(struct vbp_sender)];
char vbp_decoder[sizeof(struct vbp_decoder)];
char vbp_event[sizeof(struct vbp_event)];
