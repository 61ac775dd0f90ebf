//! What each number of the card is, in one sentence.

/// The definition of a score by its name.
pub fn of(name: &str) -> &'static str {
    match name {
        "pointing" => {
            "share of sentences that say a finding is present whose map is highest inside the \
             truth (a repeated wording of a report counts once)"
        }
        "pointing_32nd" => "the same, at most 1/32 of the side away from the truth",
        "pointing_16th" => "the same, at most 1/16 of the side away from the truth",
        "dice" => {
            "mean Dice of a sentence's mask and its truth, 0 for a sentence without a mask; the \
             model's mask is the one a user sees, other maps are cut at the share of their peak \
             that is best on validation phantoms"
        }
        "iou" => "mean intersection over union of the same masks",
        "dice_at_area" => {
            "mean Dice of the map cut so that it covers as many pixels as the truth (an oracle's \
             cut, the same for every map)"
        }
        "auroc" => "mean over sentences of the area under the ROC curve of the map's pixels",
        "side_half" => {
            "share of sentences about a finding on one side whose map is highest in that half of \
             the film"
        }
        "side_both" => {
            "the same, where the film has this kind of finding on both sides and a sentence for \
             each"
        }
        "side_swapped" => {
            "share of the sentences about one side whose map is highest in the other half once \
             the words right and left are swapped"
        }
        "negated_with_mask" => {
            "share of sentences that deny a finding or speak of nothing visible that got a mask"
        }
        "present_without_mask" => {
            "share of sentences that say a finding is present that got no mask"
        }
        "hedged_with_mask" => "share of uncertain sentences that got a mask",
        "auc" => {
            "area under the ROC curve of a finding's presence; score: mean over positive prompts \
             minus mean over negative prompts of the image's cosine with the prompt"
        }
        "auc_local" => {
            "the same, with the cosine of the best place of the local map instead of the image's"
        }
        "auc_macro" => "mean of `auc` over the findings with at least five films of each class",
        "auc_local_macro" => {
            "mean of `auc_local` over the findings with at least five films of each class"
        }
        "image_to_text_r1" | "image_to_text_r5" | "image_to_text_r10" => {
            "share of films whose report is among the 1, 5 or 10 most similar of those of 75 films; equal reports are \
             one, ties count against the query"
        }
        "text_to_image_r1" | "text_to_image_r5" | "text_to_image_r10" => {
            "share of different reports one of whose films is among the 1, 5 or 10 most similar of 75; \
             ties count against the query"
        }
        "paraphrase_kind" => {
            "share of hand-written paraphrases whose nearest prompt, among those of all findings \
             and sides, is of the same finding"
        }
        "paraphrase_side" => {
            "share of paraphrases of one side whose nearest prompt among the two of their finding \
             is of that side"
        }
        "paraphrase_pointing" => {
            "as `pointing`, with each sentence replaced by a paraphrase of the same finding and \
             side"
        }
        "paraphrased_pointing" => "`pointing` of the replaced sentences as the report has them",
        "refused" => "share of films that the gate refused; all other scores set it aside",
        "flagged" => "number of films that came with this warning",
        _ => "see the documentation",
    }
}
