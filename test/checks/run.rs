#[path = "../../docs/checks/licence_check.rs"]
mod licence_check;

use licence_check::read_licence;
use std::io::BufRead;

fn main() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let cells: Vec<&str> = line.split('\t').collect();
        let key = std::array::from_fn(|at| u8::from_str_radix(&cells[2][2 * at..2 * at + 2], 16).unwrap());
        match read_licence(cells[3], &[(cells[1].parse().unwrap(), key)], cells[0].parse().unwrap()) {
            Some(found) => println!("{}|{}|{}", hex(found.name.as_bytes()), found.seats, hex(&found.id)),
            None => println!("-"),
        }
    }
}
