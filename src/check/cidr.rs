//! Ranges of addresses.

use std::net::IpAddr;
use std::str::FromStr;

/// A range of addresses: `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cidr {
    is_v4: bool,
    bits: u128,
    length: u32,
}

impl From<IpAddr> for Cidr {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Self { is_v4: true, bits: u128::from(ip.to_bits()) << 96, length: 32 },
            IpAddr::V6(ip) => Self { is_v4: false, bits: ip.to_bits(), length: 128 },
        }
    }
}

impl FromStr for Cidr {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (ip, length) = text.split_once('/').ok_or(())?;
        let whole = Self::from(ip.parse::<IpAddr>().map_err(drop)?);
        let length = length.parse().ok().filter(|length| *length <= whole.length).ok_or(())?;
        Ok(Self { length, ..whole })
    }
}

impl Cidr {
    /// Whether all of `other` is in it.
    pub(super) fn contains(self, other: Self) -> bool {
        let differ = (self.bits ^ other.bits).checked_shr(128 - self.length).unwrap_or(0);
        self.is_v4 == other.is_v4 && self.length <= other.length && differ == 0
    }

    /// Whether some of `other` is in it.
    pub(super) fn overlaps(self, other: Self) -> bool {
        self.contains(other) || other.contains(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_contain_ranges_of_their_family() {
        let range = |text: &str| text.parse::<Cidr>().unwrap();
        assert!(range("10.0.0.0/8").contains(range("10.214.1.0/24")));
        assert!(!range("10.214.1.0/24").contains(range("10.0.0.0/8")));
        assert!(range("10.214.1.0/24").overlaps(range("10.0.0.0/8")));
        assert!(!range("10.0.0.0/8").overlaps(range("11.0.0.0/8")));
        assert!(range("0.0.0.0/0").contains(range("192.0.2.1/32")));
        assert!(!range("0.0.0.0/0").contains(range("2001:db8::/32")));
        assert!(range("::/0").contains(range("2001:db8::1/128")));
        assert!(range("10.0.0.0/8").contains("10.1.2.3".parse::<IpAddr>().unwrap().into()));
        assert!("10.0.0.0/33".parse::<Cidr>().is_err() && "x/1".parse::<Cidr>().is_err());
    }
}
