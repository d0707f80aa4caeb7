use crosstick_risk::Approved;

fn send(_: Approved) {}

fn twice(approved: Approved) {
    send(approved);
    send(approved);
}

fn copied(approved: &Approved) -> Approved {
    approved.clone()
}

fn altered(mut approved: Approved) {
    approved.order().intent.quantity = 1;
    approved.0.intent.quantity = 1;
}

fn main() {}
