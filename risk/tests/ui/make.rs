use crosstick_model::Order;
use crosstick_risk::Approved;

fn by_constructor(order: Order) -> Approved {
    Approved::new(order)
}

fn by_hand(order: Order) -> Approved {
    Approved(order)
}

fn by_conversion(order: Order) -> Approved {
    order.into()
}

fn main() {}
