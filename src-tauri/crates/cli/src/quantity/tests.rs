use super::*;

#[test]
fn times_and_sizes_are_read_as_people_write_them() {
    assert_eq!(time("2d"), Ok(Duration::from_secs(172_800)));
    assert_eq!(time("1.5h"), Ok(Duration::from_secs(5_400)));
    assert_eq!(size("1GiB"), Ok(1 << 30));
    assert_eq!(size("500 MB"), Ok(500_000_000));
    for wrong in ["", "2", "2 weeks", "-1d", "0s", "1e9GiB"] {
        assert!(time(wrong).is_err() && size(wrong).is_err(), "{wrong}");
    }
}
