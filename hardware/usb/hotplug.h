#ifndef TIRKEU_HOTPLUG_H
#define TIRKEU_HOTPLUG_H

#include <libusb.h>
#include <stdint.h>

enum { PORTS = 8, CLASSES = 32 }; // libusb_get_port_numbers gives 7 at most

// seen is what libusb knows of a device without asking it.
struct seen {
	uint16_t vendor, product;
	uint8_t bus, address, port_count, class_count;
	uint8_t ports[PORTS];
	uint8_t classes[CLASSES];
	uint8_t strings[3]; // indices of manufacturer, product, serial number; 0: none
};

int hotplug_start(libusb_context **context, libusb_hotplug_callback_handle *handle, uintptr_t watch);
int hotplug_wait(libusb_context *context);

#endif
