/// Numbers that look random and are the same in every run (xorshift64*).
pub struct Dice(u64);

pub const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
pub const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
pub const DIGITS: &str = "0123456789";
pub const HEX: &str = "0123456789abcdef";

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, end: usize) -> usize {
        ((self.next() >> 33) as usize) % end.max(1)
    }

    pub fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    pub fn letters(&mut self, alphabet: &str, count: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..count).map(|_| letters[self.below(letters.len())]).collect()
    }

    pub fn alphanumeric(&mut self, count: usize) -> String {
        self.letters(&format!("{UPPER}{LOWER}{DIGITS}"), count)
    }

    pub fn url_safe(&mut self, count: usize) -> String {
        self.letters(&format!("{UPPER}{LOWER}{DIGITS}-_"), count)
    }

    pub fn hex(&mut self, count: usize) -> String {
        self.letters(HEX, count)
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| (self.next() >> 40) as u8).collect()
    }

    pub fn uuid(&mut self) -> String {
        let part = |dice: &mut Dice, count| dice.hex(count);
        format!("{}-{}-4{}-a{}-{}", part(self, 8), part(self, 4), part(self, 3), part(self, 3), part(self, 12))
    }
}
