//! Events of discovery: what a sensor or a collector found on the network.

use super::Head;
use crate::class::ClassUid;
use crate::device::Device;
use crate::event::Event;

impl Event {
    /// Class 5001: a machine is found.
    ///
    /// ```
    /// use homeostat_event::{Device, DeviceId, Event, Head, Product};
    ///
    /// let head = Head::new(1, "2026-03-16T08:30:00Z".parse()?, Product::new("Acme", "Scanner"));
    /// let found = Event::inventory_info(head, Device::new(0, DeviceId::Ip("192.0.2.7".into())));
    /// assert!(homeostat_event::validate(&found).is_empty());
    /// # Ok::<(), homeostat_event::BadTime>(())
    /// ```
    pub fn inventory_info(head: Head, device: Device) -> Self {
        let mut event = Self::of_class(ClassUid::INVENTORY_INFO, head);
        event.set_device(device);
        event
    }

    /// Class 5020: a program is found on a machine.
    pub fn software_info(head: Head, device: Device) -> Self {
        let mut event = Self::of_class(ClassUid::SOFTWARE_INFO, head);
        event.set_device(device);
        event
    }
}
