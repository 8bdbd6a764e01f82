//! The program `homasim`.

fn main() -> std::process::ExitCode {
    homasim::main()
}
