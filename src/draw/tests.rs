//! The draw: tables with their faults, who must be avoided to the day, and the order.

mod order;
mod recusals;
mod tables;

use super::pool::PoolPerson;

/// An expert of one speciality who is free of everything.
fn expert(no: u32) -> PoolPerson {
    PoolPerson {
        name: "专家甲".to_owned(),
        phone: "13900000000".to_owned(),
        id_number: format!("{no:018}"),
        employer: "保山市水务设计院".to_owned(),
        former_employers: Vec::new(),
        relatives_employers: Vec::new(),
        specialities: vec!["房屋建筑".to_owned()],
        banned_until: None,
    }
}
