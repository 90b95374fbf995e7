//! A place in the network from which or to which something went.

use crate::device::Device;
use crate::network::{Location, NetworkEndpoint};
use core::fmt;
use homeostat_core::EntityKey;

/// A place in the network, or the device itself. `Debug` shows the key's hash, never an address.
#[derive(Clone, PartialEq)]
pub struct Origin<'a> {
    endpoint: Option<&'a NetworkEndpoint>,
    device: Option<&'a Device>,
    address: Option<&'a str>,
    user_agent: Option<&'a str>,
    key: Option<EntityKey>,
}

impl<'a> Origin<'a> {
    pub(crate) fn at(endpoint: Option<&'a NetworkEndpoint>, key: Option<EntityKey>) -> Self {
        Self { endpoint, device: None, address: None, user_agent: None, key }
    }

    pub(crate) fn on(device: &'a Device, key: Option<EntityKey>) -> Self {
        Self { device: Some(device), ..Self::at(None, key) }
    }

    pub(crate) fn of_address(address: &'a str, key: Option<EntityKey>) -> Self {
        Self { address: Some(address), ..Self::at(None, key) }
    }

    pub(crate) fn by(self, user_agent: Option<&'a str>) -> Self {
        Self { user_agent, ..self }
    }

    /// Whether this is the device that it was done on, for want of another place.
    pub fn is_device(&self) -> bool {
        self.device.is_some()
    }

    /// The address, as the source spells it.
    pub fn ip(&self) -> Option<&'a str> {
        let endpoint = self.endpoint.and_then(NetworkEndpoint::ip);
        endpoint.or_else(|| self.device?.ip()).or(self.address)
    }

    /// The port.
    pub fn port(&self) -> Option<u16> {
        self.endpoint?.port().and_then(|port| port.try_into().ok())
    }

    /// The host's name, else the domain or service that stands for it.
    pub fn hostname(&self) -> Option<&'a str> {
        let device = || self.device.and_then(|device| device.hostname().or(device.name()));
        let Some(endpoint) = self.endpoint else { return device() };
        endpoint.hostname().or_else(|| endpoint.domain()).or_else(|| endpoint.svc_name())
    }

    /// The country, as the source spells it.
    pub fn country(&self) -> Option<&'a str> {
        self.location()?.country()
    }

    /// The city, as the source spells it.
    pub fn city(&self) -> Option<&'a str> {
        self.location()?.city()
    }

    fn location(&self) -> Option<&'a Location> {
        self.endpoint.and_then(NetworkEndpoint::location).or_else(|| self.device?.location())
    }

    /// The number of the autonomous system.
    pub fn asn(&self) -> Option<u32> {
        self.endpoint?.autonomous_system()?.number().and_then(|number| number.try_into().ok())
    }

    /// The program that asked, in its own words.
    pub fn user_agent(&self) -> Option<&'a str> {
        self.user_agent
    }

    /// The key of the address, else of the host.
    pub fn key(&self) -> Option<EntityKey> {
        self.key.clone()
    }
}

impl fmt::Debug for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({:?})", self.key)
    }
}
