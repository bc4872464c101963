/// The host end's name of a pod's link, as Calico derives it: `prefix` and the first eleven
/// hexadecimal digits of SHA-1 over `<namespace>.<pod>`.
///
/// A name of a link holds at most fifteen bytes, so `prefix` is four or fewer.
package func workloadInterfaceName(
    namespace: String,
    pod: String,
    prefix: String = "cali"
) -> String {
    let digest = SHA1.digest(of: Array("\(namespace).\(pod)".utf8))
    let digits = digest.prefix(6).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    return prefix + digits.joined().prefix(11)
}
