//! From where and to where: endpoints, connections, names, requests.

use crate::device::{Fingerprint, Os};
use crate::identity::User;
use crate::object::{Object as _, ocsf_object, ocsf_open};
use crate::text::Str;

ocsf_object! {
    /// One end of a connection.
    pub struct NetworkEndpoint {
        text name set_name,
        text uid set_uid,
        object autonomous_system set_autonomous_system: AutonomousSystem,
        text domain set_domain,
        text hostname set_hostname,
        text instance_uid set_instance_uid,
        text interface_name set_interface_name,
        text interface_uid set_interface_uid,
        texts intermediate_ips set_intermediate_ips,
        text ip set_ip,
        text isp set_isp,
        object location set_location: Location,
        text mac set_mac,
        object os set_os: Os,
        object owner set_owner: User,
        number port set_port,
        text subnet_uid set_subnet_uid,
        text svc_name set_svc_name,
        text kind set_kind = "type",
        number type_id set_type_id,
        text vlan_uid set_vlan_uid,
        text vpc_uid set_vpc_uid,
        text zone set_zone,
    }
}

impl NetworkEndpoint {
    /// An endpoint by its address.
    pub fn of_ip(ip: impl Into<Str>) -> Self {
        Self { ip: Some(ip.into()), ..Self::blank() }
    }

    /// An endpoint by its host name.
    pub fn of_hostname(hostname: impl Into<Str>) -> Self {
        Self { hostname: Some(hostname.into()), ..Self::blank() }
    }

    /// An endpoint by its domain.
    pub fn of_domain(domain: impl Into<Str>) -> Self {
        Self { domain: Some(domain.into()), ..Self::blank() }
    }

    /// An endpoint that is a service, such as `ec2.amazonaws.com`.
    pub fn of_service(svc_name: impl Into<Str>) -> Self {
        Self { svc_name: Some(svc_name.into()), ..Self::blank() }
    }

    /// An endpoint by its interface.
    pub fn of_interface(interface_uid: impl Into<Str>) -> Self {
        Self { interface_uid: Some(interface_uid.into()), ..Self::blank() }
    }

    /// An endpoint by its name.
    pub fn named(name: impl Into<Str>) -> Self {
        Self { name: Some(name.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A network under one routing policy.
    pub struct AutonomousSystem {
        text name set_name,
        long number set_number,
    }
}

impl AutonomousSystem {
    /// A network by its number.
    pub fn of_number(number: i64) -> Self {
        Self { number: Some(number), ..Self::blank() }
    }

    /// A network by its name.
    pub fn named(name: impl Into<Str>) -> Self {
        Self { name: Some(name.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A place on earth. Latitude and longitude alone are none: the schema asks for a name.
    pub struct Location {
        text city set_city,
        text continent set_continent,
        text country set_country,
        text desc set_desc,
        json lat set_lat,
        json long set_long,
        text postal_code set_postal_code,
        text region set_region,
    }
}

impl Location {
    /// A place by its country, in two letters of ISO 3166-1.
    pub fn in_country(country: impl Into<Str>) -> Self {
        Self { country: Some(country.into()), ..Self::blank() }
    }

    /// A place by its city.
    pub fn in_city(city: impl Into<Str>) -> Self {
        Self { city: Some(city.into()), ..Self::blank() }
    }

    /// A place by its region.
    pub fn in_region(region: impl Into<Str>) -> Self {
        Self { region: Some(region.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// How two endpoints were connected.
    pub struct NetworkConnectionInfo {
        text boundary set_boundary,
        number boundary_id set_boundary_id,
        text community_uid set_community_uid,
        text direction set_direction,
        number direction_id set_direction_id,
        text flag_history set_flag_history,
        text protocol_name set_protocol_name,
        number protocol_num set_protocol_num,
        text protocol_ver set_protocol_ver,
        number protocol_ver_id set_protocol_ver_id,
        number tcp_flags set_tcp_flags,
        text uid set_uid,
    }
}

impl NetworkConnectionInfo {
    /// A connection of a direction: 0 unknown, 1 inbound, 2 outbound, 3 lateral, 4 local.
    pub fn new(direction_id: i32) -> Self {
        Self { direction_id: Some(direction_id), ..Self::blank() }
    }
}

ocsf_object! {
    /// How much was sent.
    pub struct NetworkTraffic {
        long bytes set_bytes,
        long bytes_in set_bytes_in,
        long bytes_missed set_bytes_missed,
        long bytes_out set_bytes_out,
        time end_time set_end_time,
        long packets set_packets,
        long packets_in set_packets_in,
        long packets_out set_packets_out,
        time start_time set_start_time,
    }
}

impl NetworkTraffic {
    /// Traffic of which nothing is told yet; the schema asks for nothing.
    pub fn new() -> Self {
        Self::blank()
    }
}

impl Default for NetworkTraffic {
    fn default() -> Self {
        Self::new()
    }
}

ocsf_object! {
    /// A question to a name server.
    pub struct DnsQuery {
        text class set_class,
        text hostname set_hostname,
        text opcode set_opcode,
        number opcode_id set_opcode_id,
        number packet_uid set_packet_uid,
        text kind set_kind = "type",
    }
}

impl DnsQuery {
    /// A question for a name.
    pub fn new(hostname: impl Into<Str>) -> Self {
        Self { hostname: Some(hostname.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A name server's answer.
    pub struct DnsAnswer {
        text class set_class,
        numbers flag_ids set_flag_ids,
        texts flags set_flags,
        number packet_uid set_packet_uid,
        text rdata set_rdata,
        number ttl set_ttl,
        text kind set_kind = "type",
    }
}

impl DnsAnswer {
    /// An answer by its data.
    pub fn new(rdata: impl Into<Str>) -> Self {
        Self { rdata: Some(rdata.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A URL, whole or in parts.
    #[expect(clippy::struct_field_names, reason = "the names are OCSF's own")]
    pub struct Url {
        text domain set_domain,
        text hostname set_hostname,
        text path set_path,
        number port set_port,
        text query_string set_query_string,
        text scheme set_scheme,
        text subdomain set_subdomain,
        text url_string set_url_string,
    }
}

impl Url {
    /// A URL as it stands.
    pub fn new(url_string: impl Into<Str>) -> Self {
        Self { url_string: Some(url_string.into()), ..Self::blank() }
    }

    /// A URL of which only the path is told.
    pub fn at_path(path: impl Into<Str>) -> Self {
        Self { path: Some(path.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// What a web client asked.
    pub struct HttpRequest {
        text args set_args,
        number body_length set_body_length,
        text http_method set_http_method,
        number length set_length,
        text referrer set_referrer,
        text uid set_uid,
        object url set_url: Url,
        text user_agent set_user_agent,
        text version set_version,
        texts x_forwarded_for set_x_forwarded_for,
    }
}

impl HttpRequest {
    /// A request of which nothing is told yet; the schema asks for nothing.
    pub fn new() -> Self {
        Self::blank()
    }
}

impl Default for HttpRequest {
    fn default() -> Self {
        Self::new()
    }
}

ocsf_object! {
    /// What a web server answered.
    pub struct HttpResponse {
        number body_length set_body_length,
        number code set_code,
        text content_type set_content_type,
        number latency set_latency,
        number length set_length,
        text message set_message,
        text status set_status,
    }
}

impl HttpResponse {
    /// An answer by its status code.
    pub fn new(code: i32) -> Self {
        Self { code: Some(code), ..Self::blank() }
    }
}

ocsf_object! {
    /// A TLS handshake.
    pub struct Tls {
        object certificate set_certificate: Certificate,
        list certificate_chain set_certificate_chain: Certificate,
        text cipher set_cipher,
        object ja3_hash set_ja3_hash: Fingerprint,
        object ja3s_hash set_ja3s_hash: Fingerprint,
        number key_length set_key_length,
        text sni set_sni,
        text version set_version,
    }
}

impl Tls {
    /// A handshake of a protocol version such as `1.2`.
    pub fn new(version: impl Into<Str>) -> Self {
        Self { version: Some(version.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A certificate.
    pub struct Certificate {
        time created_time set_created_time,
        time expiration_time set_expiration_time,
        list fingerprints set_fingerprints: Fingerprint,
        flag is_self_signed set_is_self_signed,
        text issuer set_issuer,
        text serial_number set_serial_number,
        text subject set_subject,
        text version set_version,
    }
}

impl Certificate {
    /// A certificate by issuer and serial number.
    pub fn new(issuer: impl Into<Str>, serial_number: impl Into<Str>) -> Self {
        Self { issuer: Some(issuer.into()), serial_number: Some(serial_number.into()), ..Self::blank() }
    }
}

ocsf_open!(
    NetworkEndpoint,
    AutonomousSystem,
    Location,
    NetworkConnectionInfo,
    NetworkTraffic,
    DnsQuery,
    DnsAnswer,
    Url,
    HttpRequest,
    HttpResponse,
    Tls,
    Certificate
);
