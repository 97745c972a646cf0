#ifndef ANJU_PORT_MACHINE_H
#define ANJU_PORT_MACHINE_H

#include "py/obj.h"

extern const mp_obj_type_t machine_rtc_type;

#endif
