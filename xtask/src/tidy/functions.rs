//! Rules on functions: their length, and how operations take their input apart.

use std::path::Path;

use anyhow::Context;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::{Finding, is_test};

const LINES_MAX: usize = 70;

pub fn check(root: &Path, path: &Path, source: &str) -> anyhow::Result<Vec<Finding>> {
    let file = syn::parse_file(source).with_context(|| path.display().to_string())?;
    let place = path.strip_prefix(root).unwrap_or(path);
    let is_operation = place.starts_with("services") && place.components().any(|c| c.as_os_str() == "ops");
    let mut visitor = Visitor { path, is_operation, measured: !is_test(path), findings: Vec::new() };
    visitor.visit_file(&file);
    Ok(visitor.findings)
}

struct Visitor<'a> {
    path: &'a Path,
    is_operation: bool,
    /// Tables of test cases may be long.
    measured: bool,
    findings: Vec<Finding>,
}

impl Visitor<'_> {
    fn find(&mut self, line: usize, text: String) {
        self.findings.push(Finding { path: self.path.to_owned(), line, text });
    }

    fn measure(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let (first, last) = (signature.span().start().line, block.span().end().line);
        let lines = last + 1 - first;
        if self.measured && lines > LINES_MAX {
            self.find(first, format!("{} has {lines} lines; at most {LINES_MAX}", signature.ident));
        }
    }
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let measured = self.measured;
        self.measured &= item.ident != "tests";
        visit::visit_item_mod(self, item);
        self.measured = measured;
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        let from_input = local.init.as_ref().is_some_and(|init| is_input(&init.expr));
        if let syn::Pat::Struct(pattern) = &local.pat
            && self.is_operation
            && from_input
            && pattern.rest.is_some()
        {
            let line = pattern.span().start().line;
            self.find(line, "an input is taken apart without `..`, so that no member is passed over".into());
        }
        visit::visit_local(self, local);
    }

    fn visit_expr_field(&mut self, field: &'ast syn::ExprField) {
        if self.is_operation && is_input(&field.base) {
            let line = field.span().start().line;
            self.find(line, "an input is taken apart by a pattern, so that no member is passed over".into());
        }
        visit::visit_expr_field(self, field);
    }
}

fn is_input(expression: &syn::Expr) -> bool {
    matches!(expression, syn::Expr::Path(path) if path.path.is_ident("input"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(place: &str, source: &str) -> Vec<String> {
        let root = Path::new("/root");
        check(root, &root.join(place), source).unwrap().into_iter().map(|f| f.text).collect()
    }

    #[test]
    fn an_operation_may_not_pass_over_members() {
        let whole = "fn f(input: &I) { let I { a, b } = input; }";
        let rest = "fn f(input: &I) { let I { a, .. } = input; }";
        let field = "fn f(input: &I) -> u8 { input.a }";
        assert!(findings("services/s3/src/ops/object.rs", whole).is_empty());
        assert_eq!(findings("services/s3/src/ops/object.rs", rest).len(), 1);
        assert_eq!(findings("services/s3/src/ops/object.rs", field).len(), 1);
        assert!(findings("services/s3/src/model.rs", field).is_empty());
    }

    #[test]
    fn long_functions_are_found() {
        let long = format!("fn f() {{\n{}}}\n", "g();\n".repeat(80));
        assert_eq!(findings("edge/src/serve.rs", &long), ["f has 82 lines; at most 70"]);
    }
}
