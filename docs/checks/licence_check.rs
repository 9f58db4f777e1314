//! Checks a Keypost licence, offline, without a crate: this file has Ed25519 (RFC 8032, after TweetNaCl, which is in the
//! public domain) and SHA-512. It verifies only, so nothing in it is secret. With the crate `ed25519-dalek`, replace
//! `is_signed` by its `verify_strict`. Copy this file into your app, and write your public keys (`keypost keys public`)
//! and product number into the call.

pub struct Licence {
    pub name: String,
    /// Days since 2020-01-01.
    pub issued: u16,
    /// The same; 0: for ever.
    pub updates_until: u16,
    pub seats: u8,
    /// What a list of revoked licences names.
    pub id: [u8; 8],
}

/// Returns the licence if the text is valid for the product. `keys`: the public keys with their numbers.
pub fn read_licence(text: &str, keys: &[(u8, [u8; 32])], product: u16) -> Option<Licence> {
    let bytes = decode(text.strip_prefix("KP1-")?)?;
    if bytes.len() < 17 + 64 {
        return None;
    }
    let (payload, signature) = bytes.split_at(bytes.len() - 64);
    let number = |at: usize| u16::from_be_bytes([payload[at], payload[at + 1]]);
    let (_, key) = keys.iter().find(|(number, _)| *number == payload[0] & 15)?;
    if payload[0] >> 4 != 1 || number(1) != product {
        return None;
    }
    let message = [b"keypost/licence/v1\0", payload].concat();
    if !is_signed(key, &message, signature) {
        return None;
    }
    Some(Licence {
        name: String::from_utf8(payload[16..].to_vec()).ok()?,
        issued: number(3),
        updates_until: number(5),
        seats: payload[7],
        id: payload[8..16].try_into().ok()?,
    })
}

/// base64url without padding. Each licence has one text only, so the bits that are left over must be zero.
fn decode(text: &str) -> Option<Vec<u8>> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0u32, 0);
    if text.len() % 4 == 1 {
        return None;
    }
    for digit in text.bytes() {
        let value = DIGITS.iter().position(|one| *one == digit)? as u32;
        buffer = (buffer << 6 | value) & 0xffffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits) as u8);
        }
    }
    (buffer & ((1 << bits) - 1) == 0).then_some(bytes)
}

/// 16 limbs of 16 bits, little-endian, modulo 2^255 - 19.
type Field = [i64; 16];
/// X, Y, Z, T.
type Point = [Field; 4];

const ZERO: Field = [0; 16];
const ONE: Field = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const D: Field = [
    0x78a3, 0x1359, 0x4dca, 0x75eb, 0xd8ab, 0x4141, 0x0a4d, 0x0070, 0xe898, 0x7779, 0x4079, 0x8cc7, 0xfe73, 0x2b6f,
    0x6cee, 0x5203,
];
const BASE_X: Field = [
    0xd51a, 0x8f25, 0x2d60, 0xc956, 0xa7b2, 0x9525, 0xc760, 0x692c, 0xdc5c, 0xfdd6, 0xe231, 0xc0a4, 0x53fe, 0xcd6e,
    0x36d3, 0x2169,
];
const BASE_Y: Field = [
    0x6658, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666,
    0x6666, 0x6666,
];
const ROOT_OF_MINUS_ONE: Field = [
    0xa0b0, 0x4a0e, 0x1b27, 0xc4ee, 0xe478, 0xad2f, 0x1806, 0x2f43, 0xd7a7, 0x3dfb, 0x0099, 0x2b4d, 0xdf0b, 0x4fc1,
    0x2480, 0x2b83,
];
/// The order of the group, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn is_signed(key: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    let (r, s) = signature.split_at(32);
    if !s.iter().rev().lt(ORDER.iter().rev()) {
        return false;
    }
    let Some(negative_key) = unpack_negative(key) else { return false };
    let hash = reduce(&sha512(&[r, &key[..], message].concat()));
    let base = [BASE_X, BASE_Y, ONE, mul(&BASE_X, &BASE_Y)];
    let sum = add_points(&multiply(&hash, &negative_key), &multiply(s, &base));
    let inverse = inverse(&sum[2]);
    let mut packed = pack(&mul(&sum[1], &inverse));
    packed[31] |= (pack(&mul(&sum[0], &inverse))[0] & 1) << 7;
    packed == r
}

fn unpack_negative(key: &[u8; 32]) -> Option<Point> {
    let mut y = ZERO;
    for (at, limb) in y.iter_mut().enumerate() {
        *limb = i64::from(key[2 * at]) + (i64::from(key[2 * at + 1]) << 8);
    }
    y[15] &= 0x7fff;
    let y2 = mul(&y, &y);
    let (numerator, denominator) = (sub(&y2, &ONE), add(&ONE, &mul(&y2, &D)));
    let d2 = mul(&denominator, &denominator);
    let d3 = mul(&d2, &denominator);
    let d7 = mul(&mul(&d3, &d3), &denominator);
    let mut x = mul(&mul(&power_2523(&mul(&numerator, &d7)), &numerator), &d3);
    let is_root = |x: &Field| pack(&mul(&mul(x, x), &denominator)) == pack(&numerator);
    if !is_root(&x) {
        x = mul(&x, &ROOT_OF_MINUS_ONE);
    }
    if !is_root(&x) {
        return None;
    }
    if pack(&x)[0] & 1 == key[31] >> 7 {
        x = sub(&ZERO, &x);
    }
    Some([x, y, ONE, mul(&x, &y)])
}

fn add_points(p: &Point, q: &Point) -> Point {
    let a = mul(&sub(&p[1], &p[0]), &sub(&q[1], &q[0]));
    let b = mul(&add(&p[0], &p[1]), &add(&q[0], &q[1]));
    let c = mul(&mul(&p[3], &q[3]), &add(&D, &D));
    let z = mul(&p[2], &q[2]);
    let z2 = add(&z, &z);
    let (e, f, g, h) = (sub(&b, &a), sub(&z2, &c), add(&z2, &c), add(&b, &a));
    [mul(&e, &f), mul(&h, &g), mul(&g, &f), mul(&e, &h)]
}

fn multiply(scalar: &[u8], point: &Point) -> Point {
    let mut sum = [ZERO, ONE, ONE, ZERO];
    for bit in (0..256).rev() {
        sum = add_points(&sum, &sum);
        if scalar[bit / 8] >> (bit % 8) & 1 == 1 {
            sum = add_points(&sum, point);
        }
    }
    sum
}

/// A number of 64 bytes modulo the order of the group, bit by bit.
fn reduce(hash: &[u8; 64]) -> [u8; 32] {
    let mut rest = [0u8; 32];
    for bit in (0..512).rev() {
        let mut carry = u16::from(hash[bit / 8] >> (bit % 8) & 1);
        for one in rest.iter_mut() {
            carry += u16::from(*one) * 2;
            *one = carry as u8;
            carry >>= 8;
        }
        let (mut less, mut borrow) = ([0u8; 32], 0i16);
        for at in 0..32 {
            let value = i16::from(rest[at]) - i16::from(ORDER[at]) - borrow;
            borrow = i16::from(value < 0);
            less[at] = value as u8;
        }
        if borrow == 0 {
            rest = less;
        }
    }
    rest
}

fn add(a: &Field, b: &Field) -> Field {
    std::array::from_fn(|at| a[at] + b[at])
}

fn sub(a: &Field, b: &Field) -> Field {
    std::array::from_fn(|at| a[at] - b[at])
}

fn mul(a: &Field, b: &Field) -> Field {
    let mut wide = [0i64; 32];
    for i in 0..16 {
        for j in 0..16 {
            wide[i + j] += a[i] * b[j];
        }
    }
    let mut product: Field = std::array::from_fn(|at| wide[at] + 38 * wide[at + 16]);
    for _ in 0..2 {
        for at in 0..16 {
            let carry = product[at] >> 16;
            product[at] &= 0xffff;
            if at < 15 {
                product[at + 1] += carry;
            } else {
                product[0] += 38 * carry;
            }
        }
    }
    product
}

fn pack(value: &Field) -> [u8; 32] {
    let mut rest = mul(&mul(value, &ONE), &ONE);
    for _ in 0..2 {
        let mut less = ZERO;
        let mut borrow = 0;
        for at in 0..16 {
            let prime = [0xffed, 0xffff, 0x7fff][if at == 0 { 0 } else if at < 15 { 1 } else { 2 }];
            let limb = rest[at] - prime - borrow;
            borrow = i64::from(limb < 0);
            less[at] = limb & 0xffff;
        }
        if borrow == 0 {
            rest = less;
        }
    }
    std::array::from_fn(|at| (rest[at / 2] >> (8 * (at % 2))) as u8)
}

/// To the power p - 2.
fn inverse(value: &Field) -> Field {
    let mut power = *value;
    for bit in (0..254).rev() {
        power = mul(&power, &power);
        if bit != 2 && bit != 4 {
            power = mul(&power, value);
        }
    }
    power
}

/// To the power (p - 5) / 8.
fn power_2523(value: &Field) -> Field {
    let mut power = *value;
    for bit in (0..251).rev() {
        power = mul(&power, &power);
        if bit != 1 {
            power = mul(&power, value);
        }
    }
    power
}

/// FIPS 180-4. The constants are the first 64 bits of the fractional parts of the roots of the first primes.
fn sha512(message: &[u8]) -> [u8; 64] {
    let primes: Vec<u128> = (2u128..410).filter(|n| (2..*n).all(|divisor| n % divisor != 0)).take(80).collect();
    let mut state: [u64; 8] = std::array::from_fn(|at| root(primes[at], 2));
    let constants: [u64; 80] = std::array::from_fn(|at| root(primes[at], 3));
    let mut data = message.to_vec();
    data.push(0x80);
    data.resize((data.len() + 16).div_ceil(128) * 128 - 16, 0);
    data.extend((message.len() as u128 * 8).to_be_bytes());
    for block in data.chunks(128) {
        let mut w = [0u64; 80];
        for at in 0..80 {
            w[at] = if at < 16 {
                u64::from_be_bytes(std::array::from_fn(|byte| block[8 * at + byte]))
            } else {
                let (a, b) = (w[at - 15], w[at - 2]);
                let s0 = a.rotate_right(1) ^ a.rotate_right(8) ^ a >> 7;
                let s1 = b.rotate_right(19) ^ b.rotate_right(61) ^ b >> 6;
                w[at - 16].wrapping_add(s0).wrapping_add(w[at - 7]).wrapping_add(s1)
            };
        }
        let mut v = state;
        for at in 0..80 {
            let s1 = v[4].rotate_right(14) ^ v[4].rotate_right(18) ^ v[4].rotate_right(41);
            let choice = v[4] & v[5] ^ !v[4] & v[6];
            let t1 = v[7].wrapping_add(s1).wrapping_add(choice).wrapping_add(constants[at]).wrapping_add(w[at]);
            let s0 = v[0].rotate_right(28) ^ v[0].rotate_right(34) ^ v[0].rotate_right(39);
            let majority = v[0] & v[1] ^ v[0] & v[2] ^ v[1] & v[2];
            v.rotate_right(1);
            v[4] = v[4].wrapping_add(t1);
            v[0] = t1.wrapping_add(s0.wrapping_add(majority));
        }
        for at in 0..8 {
            state[at] = state[at].wrapping_add(v[at]);
        }
    }
    std::array::from_fn(|at| (state[at / 8] >> (56 - 8 * (at % 8))) as u8)
}

/// The first 64 bits of the fractional part of the square or cube root, found bit by bit.
fn root(prime: u128, degree: u32) -> u64 {
    let whole = (1u128..).take_while(|n| n.pow(degree) <= prime).last().unwrap_or(0);
    let mut fraction = 0u64;
    for bit in (0..64).rev() {
        let next = fraction | 1 << bit;
        if is_at_most(whole << 64 | u128::from(next), degree, prime) {
            fraction = next;
        }
    }
    fraction
}

/// True if (number / 2^64) to the power of the degree is at most the prime.
fn is_at_most(number: u128, degree: u32, prime: u128) -> bool {
    let digits = |n: u128| [n as u32, (n >> 32) as u32, (n >> 64) as u32, (n >> 96) as u32];
    let mut product = vec![1u32];
    for _ in 0..degree {
        let mut next = vec![0u32; product.len() + 4];
        for (i, a) in product.iter().enumerate() {
            let mut carry = 0u64;
            for (j, b) in digits(number).iter().enumerate() {
                carry += u64::from(next[i + j]) + u64::from(*a) * u64::from(*b);
                next[i + j] = carry as u32;
                carry >>= 32;
            }
            next[i + 4] = carry as u32;
        }
        product = next;
    }
    // The prime is the limit in the digits above 64 bits for each factor.
    let (fraction, whole) = product.split_at(2 * degree as usize);
    let value = whole.iter().rev().fold(0u128, |sum, digit| sum << 32 | u128::from(*digit));
    value < prime || (value == prime && fraction.iter().all(|digit| *digit == 0))
}
