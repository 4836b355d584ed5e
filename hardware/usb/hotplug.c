//go:build cgo

#include "hotplug.h"

#include <string.h>
#include <sys/time.h>

extern void tirkeuHotplug(uintptr_t watch, int left, struct seen *seen, libusb_device *device);

static void look(libusb_device *device, struct seen *s)
{
	struct libusb_device_descriptor d;
	struct libusb_config_descriptor *c;
	int n;

	memset(s, 0, sizeof *s);
	s->bus = libusb_get_bus_number(device);
	s->address = libusb_get_device_address(device);
	n = libusb_get_port_numbers(device, s->ports, PORTS);
	s->port_count = n > 0 ? n : 0;
	if (libusb_get_device_descriptor(device, &d) != 0)
		return;
	s->vendor = d.idVendor;
	s->product = d.idProduct;
	s->strings[0] = d.iManufacturer;
	s->strings[1] = d.iProduct;
	s->strings[2] = d.iSerialNumber;
	s->classes[s->class_count++] = d.bDeviceClass;
	if (libusb_get_config_descriptor(device, 0, &c) != 0)
		return;
	for (int i = 0; i < c->bNumInterfaces; i++)
		for (int j = 0; j < c->interface[i].num_altsetting && s->class_count < CLASSES; j++)
			s->classes[s->class_count++] = c->interface[i].altsetting[j].bInterfaceClass;
	libusb_free_config_descriptor(c);
}

// Runs inside libusb: it may look at descriptors, but not speak to the device.
static int happened(libusb_context *context, libusb_device *device, libusb_hotplug_event event, void *watch)
{
	struct seen s;

	(void)context;
	look(device, &s);
	tirkeuHotplug((uintptr_t)watch, event == LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT, &s, device);
	return 0;
}

int hotplug_start(libusb_context **context, libusb_hotplug_callback_handle *handle, uintptr_t watch)
{
	int r = libusb_init(context);

	if (r != 0)
		return r;
	r = LIBUSB_ERROR_NOT_SUPPORTED;
	if (libusb_has_capability(LIBUSB_CAP_HAS_HOTPLUG))
		r = libusb_hotplug_register_callback(*context, LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT,
			LIBUSB_HOTPLUG_ENUMERATE, LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY,
			happened, (void *)watch, handle);
	if (r != 0)
		libusb_exit(*context);
	return r;
}

int hotplug_wait(libusb_context *context)
{
	struct timeval minute = { 60, 0 };

	return libusb_handle_events_timeout_completed(context, &minute, NULL);
}
