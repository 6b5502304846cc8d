//! Placeholder: replaced by the plot of the page's branch.

#[expect(dead_code, reason = "placeholder")]
pub(crate) struct Curve {
    pub(crate) codec: String,
    /// `[bpp, quality]`, rising in bpp.
    pub(crate) points: Vec<[f64; 2]>,
}

pub(crate) fn plot(title: &str, _y_label: &str, curves: &[Curve]) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\"><title>{title}: {}</title></svg>\n",
        curves.len()
    )
}
